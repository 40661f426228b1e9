package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"mirrorctl/internal/config"
	"mirrorctl/internal/durable"
	"mirrorctl/internal/forge"
)

func (a *app) configCommand() *cobra.Command {
	return group(&cobra.Command{Use: "config", Short: "Check, show or begin a configuration"},
		&cobra.Command{
			Use: "check", Short: "Read the configuration and what it names; say what is wrong", Args: arguments(0, 0),
			RunE: func(*cobra.Command, []string) error { return a.checkConfig() },
		},
		&cobra.Command{
			Use: "show", Short: "Print the configuration in force, defaults included, as YAML or with -o json", Args: arguments(0, 0),
			RunE: func(*cobra.Command, []string) error { return a.showConfig() },
		},
		&cobra.Command{
			Use: "init [FILE]", Short: "Write a commented configuration to start from, or print it", Args: arguments(0, 1),
			RunE: func(_ *cobra.Command, names []string) error { return a.initConfig(names) },
		},
	)
}

func (a *app) checkConfig() error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	problems := cfg.Problems()
	if cfg.Copr.Projects != "" {
		if _, err := forge.Declared(cfg); err != nil {
			problems = append(problems, err.Error())
		}
	}
	if a.out.format != "table" {
		err = a.out.print(a.stdout, struct {
			File     string   `json:"file"`
			Problems []string `json:"problems"`
		}{cfg.File, append([]string{}, problems...)}, nil)
	} else {
		for _, p := range problems {
			a.say("%s: %s", cfg.File, p)
		}
	}
	if len(problems) > 0 {
		return errors.Join(err, usagef("%s: %s to mend", cfg.File, count(int64(len(problems)), "thing")))
	}
	if a.out.format == "table" {
		fmt.Fprintf(a.stdout, "%s: good\n", cfg.File)
	}
	return err
}

// showConfig prints what config.Load reads back as the same configuration.
func (a *app) showConfig() error {
	cfg, err := a.config()
	if err != nil {
		return err
	}
	if a.out.format != "json" {
		enc := yaml.NewEncoder(a.stdout)
		enc.SetIndent(2)
		return enc.Encode(cfg)
	}
	raw, err := yaml.Marshal(cfg)
	if err != nil {
		return err
	}
	var tree any
	if err := yaml.Unmarshal(raw, &tree); err != nil {
		return err
	}
	return a.out.print(a.stdout, tree, nil)
}

func (a *app) initConfig(names []string) error {
	if len(names) == 0 {
		_, err := a.stdout.Write(config.Template)
		return err
	}
	switch _, err := os.Lstat(names[0]); {
	case err == nil:
		return fmt.Errorf("%s is there already; nothing was written", names[0])
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := durable.WriteFile(names[0], config.Template, 0o644); err != nil {
		return err
	}
	a.say("%s: written; edit it, then `%s --config %s config check`", names[0], a.program(), quote(names[0]))
	return nil
}
