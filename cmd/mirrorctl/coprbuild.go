package main

import (
	"context"
	"fmt"
	"os/user"

	"github.com/spf13/cobra"

	"mirrorctl/copr"
	"mirrorctl/copr/console"
)

func (a *app) coprBuildCommand() *cobra.Command {
	var o copr.Order
	var chroots []string
	var channel string
	var noWait bool
	c := &cobra.Command{
		Use: "build [PROJECT/]PACKAGE", Short: "Build a package for the project's chroots, and watch", Args: arguments(1, 1),
		Long: `build submits a build and shows its chroots until all have ended. Ctrl-C ends the watching, not
the build. It exits with 3 when a chroot has failed.`,
		Example: "  mirrorctl copr build criu\n  mirrorctl copr build adrian/criu --version 4.2.1 --chroot epel-9-*",
		RunE: func(c *cobra.Command, names []string) error {
			h, err := a.hub()
			if err != nil {
				return err
			}
			projects, err := h.Projects(c.Context())
			if err != nil {
				return explainHub(err, "project list")
			}
			if o.Project, o.Package, err = findPackage(projects, names[0]); err != nil {
				return err
			}
			if o.Chroots, err = chrootArguments(chroots); err != nil {
				return err
			}
			if c.Flags().Changed("channel") {
				o.Channel = copr.Channel(channel)
			}
			o.Submitter = username()
			b, err := h.Submit(c.Context(), o)
			if err != nil {
				return explainHub(err, "chroot list")
			}
			a.say("build %d of %s/%s %s: %s", b.ID, b.Project, b.Package, b.Version, count(int64(len(b.Chroots)), "chroot"))
			if noWait {
				return a.printBuild(b)
			}
			return a.watch(c.Context(), h, b.ID)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Version, "version", "", "upstream's `VERSION`, instead of the declared one")
	f.StringSliceVar(&chroots, "chroot", nil, "for these `CHROOT`s alone; * is every architecture")
	f.StringVar(&o.SRPM, "srpm", "", "build the source package at `URL`, instead of the declared sources")
	choose(c, f, &channel, "channel", "", "`WHERE` it is published first: testing or stable (default: as declared)", string(copr.Testing), string(copr.Stable))
	f.BoolVar(&o.Background, "background", false, "after what others wait for")
	f.BoolVar(&noWait, "no-wait", false, "submit and end")
	return c
}

func (a *app) coprWatchCommand() *cobra.Command {
	return &cobra.Command{
		Use: "watch BUILD", Short: "Show the chroots of a build until all have ended", Args: arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			h, id, err := a.hubBuild(args[0])
			if err != nil {
				return err
			}
			return a.watch(c.Context(), h, id)
		},
	}
}

func (a *app) coprCancelCommand() *cobra.Command {
	return a.changeCommand("cancel BUILD", "End what of a build has not ended", "cancel", false)
}

func (a *app) coprRetryCommand() *cobra.Command {
	return a.changeCommand("retry BUILD", "Give the chroots of a build that failed another attempt", "retry", true)
}

func (a *app) coprPromoteCommand() *cobra.Command {
	return a.changeCommand("promote BUILD", "Put a build that is in testing into stable", "promote", true)
}

// changeCommand is a command that changes one build.
func (a *app) changeCommand(use, short, what string, some bool) *cobra.Command {
	var chroots []string
	c := &cobra.Command{
		Use: use, Short: short, Args: arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			h, id, err := a.hubBuild(args[0])
			if err != nil {
				return err
			}
			choice := console.Choice{Who: username()}
			if choice.Chroots, err = chrootArguments(chroots); err != nil {
				return err
			}
			b, err := h.Change(c.Context(), id, what, choice)
			if err != nil {
				return explainHub(err, "builds")
			}
			return a.printBuild(b)
		},
	}
	if some {
		c.Flags().StringSliceVar(&chroots, "chroot", nil, "these `CHROOT`s alone; * is every architecture")
	}
	return c
}

// username is who gives an order, as the records name them.
func username() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "operator"
}

// printBuild prints the matrix of a build.
func (a *app) printBuild(b copr.Build) error { return a.out.print(a.stdout, b, matrix(b)) }

// watch shows a build until it has ended, and then prints its matrix.
func (a *app) watch(ctx context.Context, h *console.Client, id uint64) error {
	var last copr.Build
	w := &watcher{app: a}
	for b, err := range h.Watch(ctx, id) {
		if err != nil {
			w.end()
			if last.ID == 0 { // it never began
				return explainHub(err, "builds")
			}
			return hinted{err, fmt.Sprintf("the build goes on; see it with `mirrorctl copr watch %d`", id)}
		}
		w.show(b)
		last = b
	}
	w.end()
	if err := a.printBuild(last); err != nil {
		return err
	}
	if last.State != copr.Succeeded && last.State != copr.Skipped {
		return errDiffers
	}
	return nil
}
