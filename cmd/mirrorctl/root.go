package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"mirrorctl/internal/config"
)

// app is what every command of one command line shares: the environment and the global flags.
type app struct {
	*env
	configFile string
	out        output
}

// usageError is an error in how the command was called, or in the configuration: exit code 2.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errDiffers says that a command finished and found something that is not as it should be.
var errDiffers = errors.New("something differs")

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "mirrorctl",
		Short: "Run an RPM mirror: active trees, an archive for end-of-life ones, and clients that never notice",
		Long: `mirrorctl serves the release trees of an RPM mirror, moves end-of-life releases to an
archive in one verified, resumable, reversible transaction, and answers every client
question about them for ever after.`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usagef("%w; see `%s --help`", err, c.CommandPath())
	})
	flags := root.PersistentFlags()
	flags.StringVar(&a.configFile, "config", "", "configuration `FILE` (default: $MIRRORCTL_CONFIG, then the usual places)")
	a.out.flags(root, flags)
	return group(root,
		a.serveCommand(), a.demoCommand(), a.statusCommand(), a.releasesCommand(), a.archiveCommand(), a.restoreCommand(),
		a.verifyCommand(), a.explainCommand(), a.coprCommand(), a.configCommand(), a.healthCommand(), a.versionCommand(), a.manCommand(),
	)
}

// config reads the configuration that the flags and the environment name.
func (a *app) config() (*config.Config, error) {
	file, err := a.findConfig()
	if err != nil {
		return nil, err
	}
	c, err := config.Load(file, a.getenv)
	if err != nil {
		return nil, usageError{err}
	}
	return c, nil
}

// findConfig is the name of the configuration file.
func (a *app) findConfig() (string, error) {
	file, err := config.Find(a.configFile, a.getenv, os.Getuid())
	if err != nil {
		return "", usageError{err}
	}
	return file, nil
}
