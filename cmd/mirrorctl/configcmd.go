package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"mirrorctl/internal/config"
	"mirrorctl/internal/durable"
)

func (a *app) configCommand() *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "Check, show or begin a configuration"}
	c.AddCommand(
		&cobra.Command{
			Use: "check", Short: "Read the configuration and what it names; say what is wrong", Args: args(cobra.NoArgs),
			RunE: func(*cobra.Command, []string) error {
				cfg, err := a.config()
				if err != nil {
					return err
				}
				if problems := cfg.Problems(); len(problems) > 0 {
					for _, p := range problems {
						fmt.Fprintf(a.stderr, "%s: %s\n", cfg.File, p)
					}
					return usagef("%s: %d things to mend", cfg.File, len(problems))
				}
				fmt.Fprintf(a.stdout, "%s: good\n", cfg.File)
				return nil
			},
		},
		&cobra.Command{
			Use: "show", Short: "Print the configuration in force, defaults included", Args: args(cobra.NoArgs),
			RunE: func(*cobra.Command, []string) error {
				cfg, err := a.config()
				if err != nil {
					return err
				}
				enc := yaml.NewEncoder(a.stdout)
				enc.SetIndent(2)
				return enc.Encode(cfg)
			},
		},
		&cobra.Command{
			Use: "init [FILE]", Short: "Write a commented configuration to start from", Args: args(cobra.MaximumNArgs(1)),
			RunE: func(_ *cobra.Command, names []string) error {
				if len(names) == 0 {
					_, err := a.stdout.Write(config.Template)
					return err
				}
				if _, err := os.Lstat(names[0]); err == nil {
					return fmt.Errorf("%s is there already; nothing was written", names[0])
				}
				return durable.WriteFile(names[0], config.Template, 0o644)
			},
		},
	)
	return c
}
