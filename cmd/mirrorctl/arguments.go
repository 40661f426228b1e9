package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mirrorctl/mirror"
)

// arguments checks how many were given. Errors quote the command's own synopsis.
func arguments(least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, given []string) error {
		switch {
		case len(given) < least:
			_, want, _ := strings.Cut(strings.TrimSuffix(c.Use, " [flags]"), " ")
			return usagef("%s: want %s; see `%s --help`", c.Name(), want, c.CommandPath())
		case most >= 0 && len(given) > most:
			return usagef("%s: one argument too many: %q; see `%s --help`", c.Name(), given[most], c.CommandPath())
		}
		return nil
	}
}

// subcommand refuses what a group of commands does not have.
func subcommand(c *cobra.Command, given []string) error {
	if len(given) == 0 {
		return nil
	}
	next := fmt.Sprintf("see `%s --help`", c.CommandPath())
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(given[0]); len(near) > 0 {
		next = fmt.Sprintf("did you mean %q?", near[0])
	}
	return usagef("unknown command %q; %s", strings.TrimPrefix(c.CommandPath()+" "+given[0], "mirrorctl "), next)
}

// group is a command that only holds others.
func group(c *cobra.Command, members ...*cobra.Command) *cobra.Command {
	c.Args = subcommand
	if c.RunE == nil {
		c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	}
	c.AddCommand(members...)
	return c
}

// parseReleases reads the names of releases.
func parseReleases(names []string) ([]mirror.Release, error) {
	var all []mirror.Release
	for _, name := range names {
		r, err := mirror.ParseRelease(name)
		if err != nil {
			return nil, usageError{err}
		}
		all = append(all, r)
	}
	return all, nil
}

// parsePaths reads paths below the root.
func parsePaths(names []string) ([]mirror.Path, error) {
	var all []mirror.Path
	for _, name := range names {
		p, err := mirror.ParsePath(name)
		if err != nil {
			return nil, usageError{err}
		}
		all = append(all, p)
	}
	return all, nil
}
