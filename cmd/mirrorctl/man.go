package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mirrorctl/internal/durable"
)

func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use: "man [DIR]", Short: "Print the manual, or write a page for each command to DIR", Args: arguments(0, 1),
		RunE: func(c *cobra.Command, dirs []string) error {
			if len(dirs) == 0 {
				return writeMan(a.stdout, c.Root())
			}
			if err := os.MkdirAll(dirs[0], 0o755); err != nil {
				return err
			}
			return writeManTree(dirs[0], c.Root())
		},
	}
}

func writeManTree(dir string, c *cobra.Command) error {
	var page bytes.Buffer
	if err := writeMan(&page, c); err != nil {
		return err
	}
	name := strings.ReplaceAll(c.CommandPath(), " ", "-") + ".1"
	if err := durable.WriteFile(filepath.Join(dir, name), page.Bytes(), 0o644); err != nil {
		return err
	}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			if err := writeManTree(dir, sub); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeMan writes one page in man(7)'s macros, from what cobra knows of the command.
func writeMan(w io.Writer, c *cobra.Command) error {
	var b strings.Builder
	name := strings.ReplaceAll(c.CommandPath(), " ", "-")
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"mirrorctl %s\"\n", strings.ToUpper(name), version)
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(name), roff(c.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", roff(c.UseLine()))
	if c.Long != "" {
		fmt.Fprintf(&b, ".SH DESCRIPTION\n%s\n", roff(c.Long))
	}
	if subs := c.Commands(); len(subs) > 0 {
		b.WriteString(".SH COMMANDS\n")
		for _, s := range subs {
			if s.IsAvailableCommand() {
				fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(s.Use), roff(s.Short))
			}
		}
	}
	b.WriteString(".SH OPTIONS\n")
	c.InitDefaultHelpFlag()
	c.LocalFlags().VisitAll(func(f *pflag.Flag) { writeManFlag(&b, f) })
	c.InheritedFlags().VisitAll(func(f *pflag.Flag) { writeManFlag(&b, f) })
	if c.Example != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(c.Example))
	}
	if !c.HasParent() {
		b.WriteString(".SH EXIT STATUS\n")
		for _, e := range exitCodes {
			fmt.Fprintf(&b, ".TP\n.B %s\n%s. %s\n", e.code, roff(e.meaning), roff(e.when))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeManFlag(b *strings.Builder, f *pflag.Flag) {
	if f.Hidden {
		return
	}
	b.WriteString(".TP\n.B ")
	if f.Shorthand != "" {
		fmt.Fprintf(b, "\\-%s, ", f.Shorthand)
	}
	metavar, usage := pflag.UnquoteUsage(f)
	if metavar != "" {
		metavar = " " + metavar
	}
	fmt.Fprintf(b, "\\-\\-%s%s\n%s\n", roff(f.Name), roff(metavar), roff(usage))
}

// roff escapes text: backslashes and dashes, and a dot or quote that would begin a request.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}
