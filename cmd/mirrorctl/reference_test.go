package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mirrorctl/internal/metric"
)

//go:generate go test -run TestReference -update .

var update = flag.Bool("update", false, "write docs/reference anew")

// docs/reference is made from what the program itself knows, so that it cannot say anything else.
func TestReference(t *testing.T) {
	for name, page := range map[string]func(*bytes.Buffer){
		"cli.md":           func(b *bytes.Buffer) { referenceCLI(b) },
		"exit-codes.md":    referenceExitCodes,
		"metrics.md":       referenceMetrics,
		"configuration.md": func(b *bytes.Buffer) { referenceConfiguration(t, b) },
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			b.WriteString("<!-- Made by `make docs`; do not edit. -->\n\n")
			page(&b)
			file := filepath.Join("../../docs/reference", name)
			if *update {
				if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			is, err := os.ReadFile(file)
			if err != nil || !bytes.Equal(is, b.Bytes()) {
				t.Errorf("%s is stale: run `make docs` (%v)", file, err)
			}
		})
	}
}

func referenceCLI(b *bytes.Buffer) {
	a := &app{env: &env{getenv: func(string) string { return "" }}}
	root := a.root()
	root.InitDefaultHelpFlag()
	root.InitDefaultCompletionCmd()
	b.WriteString("# Commands\n\nData goes to standard output, messages and progress to standard error. [Exit codes](exit-codes.md) are the same for all.\n\n")
	b.WriteString("Flags of every command:\n\n")
	referenceFlags(b, root.PersistentFlags())
	for _, c := range root.Commands() {
		referenceCommand(b, c)
	}
}

func referenceCommand(b *bytes.Buffer, c *cobra.Command) {
	if !c.HasSubCommands() || c.Name() == "releases" { // which lists
		fmt.Fprintf(b, "\n## %s\n\n%s.\n\n    %s\n", c.CommandPath(), c.Short, c.UseLine())
		if c.Long != "" {
			fmt.Fprintf(b, "\n%s\n", c.Long)
		}
		if c.HasAvailableLocalFlags() {
			b.WriteString("\n")
			referenceFlags(b, c.LocalNonPersistentFlags())
		}
		if c.Example != "" {
			fmt.Fprintf(b, "\nFor example:\n\n```sh no-test: an example, not a session\n%s\n```\n", strings.ReplaceAll(strings.TrimSpace(c.Example), "\n  ", "\n"))
		}
	}
	if c.Name() == "completion" {
		fmt.Fprintf(b, "\n## %s\n\n%s.\n\n    %s bash|zsh|fish|powershell\n", c.CommandPath(), c.Short, c.CommandPath())
		return
	}
	for _, sub := range c.Commands() {
		referenceCommand(b, sub)
	}
}

func referenceFlags(b *bytes.Buffer, flags *pflag.FlagSet) {
	b.WriteString("| flag | what it does |\n|---|---|\n")
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" {
			return
		}
		metavar, usage := pflag.UnquoteUsage(f)
		name := strings.TrimSpace("--" + f.Name + " " + metavar)
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "[]" {
			usage += fmt.Sprintf(" (default %s)", f.DefValue)
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", name, cell(usage))
	})
}

func referenceExitCodes(b *bytes.Buffer) {
	b.WriteString("# Exit codes\n\n| code | meaning | when |\n|---|---|---|\n")
	for _, e := range exitCodes {
		fmt.Fprintf(b, "| %s | %s | %s |\n", e.code, cell(e.meaning), cell(e.when))
	}
	b.WriteString("\nAn error is one line on standard error: what, where, and what to do next. With `-o json` it is an object with `error`, `hint` and `code`.\n")
}

func referenceMetrics(b *bytes.Buffer) {
	b.WriteString("# Metrics\n\n`/metrics` on the admin listener has these, in Prometheus' text format.\n\n| name | type | labels | meaning |\n|---|---|---|---|\n")
	for _, f := range metric.Families() {
		labels := ""
		if len(f.Labels) > 0 {
			labels = "`" + strings.Join(f.Labels, "`, `") + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", f.Name, f.Type, labels, cell(f.Help))
	}
}

// cell is text in a table of Markdown.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(s)
}
