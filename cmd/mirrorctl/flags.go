package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mirrorctl/internal/config"
)

// choice is a flag that takes one of a few words. A wrong one is refused before anything is done.
type choice struct {
	into  *string
	words []string
}

func (c choice) String() string { return *c.into }
func (c choice) Type() string   { return "string" }

func (c choice) Set(s string) error {
	if !slices.Contains(c.words, s) {
		return fmt.Errorf("want %s", alternatives(c.words))
	}
	*c.into = s
	return nil
}

// choose adds a flag for one of words; the first is the default.
func choose(c *cobra.Command, f *pflag.FlagSet, into *string, name, shorthand, usage string, words ...string) {
	*into = words[0]
	f.VarP(choice{into, words}, name, shorthand, usage)
	// It fails only for a flag that is not there, or has completions already.
	if err := c.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err)
	}
}

// alternatives is "a, b or c".
func alternatives(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// exclusive refuses flags that contradict each other.
func exclusive(c *cobra.Command, groups ...[]string) error {
	for _, group := range groups {
		var given []string
		for _, name := range group {
			if c.Flags().Changed(name) {
				given = append(given, "--"+name)
			}
		}
		if len(given) > 1 {
			return usagef("%s exclude each other; see `%s --help`", strings.Join(given, " and "), c.CommandPath())
		}
	}
	return nil
}

// progressFlag is the flag of every command that takes time.
func progressFlag(c *cobra.Command, into *string) {
	choose(c, c.Flags(), into, "progress", "", "`HOW` to show progress: auto, plain, json or none", "auto", "plain", "json", "none")
}

// durationFlag is a time that may be given in days; unlike a text flag it shows no default.
type durationFlag struct{ into *config.Duration }

func (d durationFlag) String() string     { return "" }
func (d durationFlag) Type() string       { return "duration" }
func (d durationFlag) Set(s string) error { return d.into.UnmarshalText([]byte(s)) }
