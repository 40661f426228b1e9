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

// usageError is an error in how the command was called: exit code 2.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

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
	flags.StringVar(&a.configFile, "config", "", "configuration file (default: $MIRRORCTL_CONFIG, then the usual places)")
	a.out.flags(flags)
	root.AddCommand(
		a.serveCommand(), a.demoCommand(), a.statusCommand(), a.releasesCommand(), a.archiveCommand(), a.restoreCommand(),
		a.verifyCommand(), a.explainCommand(), a.configCommand(), a.healthCommand(), a.versionCommand(), a.manCommand(),
	)
	return root
}

// config reads the configuration that the flags and the environment name.
func (a *app) config() (*config.Config, error) {
	file, err := config.Find(a.configFile, a.getenv, os.Getuid())
	if err != nil {
		return nil, usageError{err}
	}
	c, err := config.Load(file, a.getenv)
	if err != nil {
		return nil, usageError{err}
	}
	return c, nil
}

// args wraps cobra's argument checks so that their errors exit with 2 and name the help.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, given []string) error {
		if err := check(c, given); err != nil {
			return usagef("%w; see `%s --help`", err, c.CommandPath())
		}
		return nil
	}
}

// errDiffers says that a command finished and found something that is not as it should be.
var errDiffers = errors.New("something differs")
