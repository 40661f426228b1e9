package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"mirrorctl/internal/config"
	"mirrorctl/internal/durable"
	"mirrorctl/mirror"
)

func (a *app) setReleaseCommand() *cobra.Command {
	var eol string
	c := &cobra.Command{
		Use: "set RELEASE", Short: "Set a release's end-of-life date in the configuration file", Args: arguments(1, 1),
		Long: `set writes a release's end-of-life date into the list releases: of the configuration file, where it
overrides the built-in calendar. Everything else in the file stays as it is, comments included.`,
		Example: `  mirrorctl releases set el-7 --eol 2028-06-30
  mirrorctl releases set fedora-rawhide --eol never`,
		ValidArgsFunction: a.completeReleases,
		RunE: func(_ *cobra.Command, names []string) error {
			r, err := mirror.ParseRelease(names[0])
			if err != nil {
				return usageError{err}
			}
			if eol == "" {
				return usagef("releases set: want --eol YYYY-MM-DD or --eol never")
			}
			return a.setEOL(r, eol)
		},
	}
	c.Flags().StringVar(&eol, "eol", "", "the last day of support: `DATE` as YYYY-MM-DD, or never")
	return c
}

func (a *app) setEOL(r mirror.Release, eol string) error {
	file, err := a.findConfig()
	if err != nil {
		return err
	}
	if file, err = filepath.EvalSymlinks(file); err != nil { // the link stays, what it leads to is replaced
		return fmt.Errorf("edit the configuration: %w", err)
	}
	old, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("edit the configuration: %w", err)
	}
	edited, err := config.SetEOL(file, old, r, eol)
	if err != nil {
		return usageError{err}
	}
	if err := replace(file, edited); err != nil {
		return fmt.Errorf("edit the configuration: %w", err)
	}
	a.say("%s: eol %s in %s; a running service takes it on SIGHUP", r, eol, file)
	if a.getenv("MIRRORCTL_RELEASES") != "" {
		a.say("$MIRRORCTL_RELEASES is set, and hides the list of the file")
	}
	return nil
}

// replace writes a file anew with the mode and owner that it had: a service that may read it must be able to go on doing so.
func replace(file string, data []byte) error {
	st, err := os.Stat(file)
	if err != nil {
		return err
	}
	if err := durable.WriteFile(file, data, st.Mode().Perm()); err != nil {
		return err
	}
	owner := st.Sys().(*syscall.Stat_t)
	if int(owner.Uid) == os.Geteuid() && int(owner.Gid) == os.Getegid() {
		return nil
	}
	return os.Chown(file, int(owner.Uid), int(owner.Gid))
}
