package main

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"

	"mirrorctl/internal/config"
)

// archiveOptions are the flags of archive and restore.
type archiveOptions struct {
	dryRun, yes, verify, prune, resume, abort, force, skipProbe bool

	to, link, progress string
	accept             []string
	bwlimit            config.Size     // 0: the configuration's
	grace              config.Duration // negative: the configuration's
}

// override puts the flags in place of the configuration's values.
func (o archiveOptions) override(cfg *config.Config) error {
	if o.bwlimit > 0 {
		cfg.Archive.BandwidthLimit = o.bwlimit
	}
	if o.grace >= 0 {
		cfg.Archive.Grace = o.grace
	}
	if o.to != "" {
		var err error
		if cfg.Archive.Store, err = filepath.Abs(o.to); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) archiveCommand() *cobra.Command {
	o := archiveOptions{grace: -1}
	c := &cobra.Command{
		Use: "archive RELEASE...", Short: "Move end-of-life releases to the archive: plan, copy, verify, switch",
		Long: `archive copies every file of a release to the archive, reads all of it back, and then switches
clients over by one swap of the state document. The root stays as it was until --prune moves the
release's trees out of it, after the grace time and only while the archive answers for every file.

A run that was interrupted is continued with --resume, or undone with --abort as long as
nothing was published; after that, mirrorctl restore undoes it.`,
		Example: `  mirrorctl archive --dry-run fedora-25
  mirrorctl archive fedora-25
  mirrorctl archive --prune fedora-25`,
		Args:              arguments(1, -1),
		ValidArgsFunction: a.completeReleases,
		RunE: func(c *cobra.Command, names []string) error {
			if err := exclusive(c, []string{"abort", "dry-run", "prune"}, []string{"abort", "dry-run", "resume"},
				[]string{"abort", "verify"}, []string{"prune", "verify"}, []string{"resume", "verify"}); err != nil {
				return err
			}
			return a.archive(c.Context(), o, names)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.dryRun, "dry-run", false, "print the plan and change nothing; with --verify, read every file for it")
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	f.BoolVar(&o.verify, "verify", false, "read every file before anything is written; of an archived release, read the archive back")
	f.BoolVar(&o.prune, "prune", false, "move the trees of an archived release out of the root, and in time delete them")
	f.BoolVar(&o.resume, "resume", false, "continue the release's unfinished job, or begin one")
	f.BoolVar(&o.abort, "abort", false, "undo an unpublished job: the archive is as it was before")
	f.BoolVar(&o.force, "force", false, "archive a release that is not end-of-life")
	f.BoolVar(&o.skipProbe, "skip-probe", false, "do not ask for a probe object through archive.url")
	f.StringVar(&o.to, "to", "", "archive into `DIR` instead of archive.store")
	bwlimitFlag(c, &o)
	f.VarP(durationFlag{&o.grace}, "grace", "", "`TIME` from the switch to the first moment of --prune, instead of archive.grace")
	choose(c, f, &o.link, "link", "", "`HOW` files come into a store on the root's filesystem: copy, reflink or hardlink", "copy", "reflink", "hardlink")
	f.StringSliceVar(&o.accept, "accept-corrupt", nil, "let `PATH`, a file or directory below the root, contradict its metadata")
	progressFlag(c, &o.progress)
	return c
}

func (a *app) restoreCommand() *cobra.Command {
	o := archiveOptions{grace: -1}
	c := &cobra.Command{
		Use: "restore RELEASE...", Short: "Bring archived releases back into the root",
		Long: `restore undoes an archive. What still lies in the root or in the trash comes back by a rename;
what was deleted is copied from the archive, verified, and only then do clients come back. The
archive keeps its copy.`,
		Example:           `  mirrorctl restore fedora-25`,
		Args:              arguments(1, -1),
		ValidArgsFunction: a.completeReleases,
		RunE: func(c *cobra.Command, names []string) error {
			return a.onReleases(c.Context(), o, names, a.restore)
		},
	}
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	bwlimitFlag(c, &o)
	progressFlag(c, &o.progress)
	return c
}

func bwlimitFlag(c *cobra.Command, o *archiveOptions) {
	c.Flags().TextVar(&o.bwlimit, "bwlimit", config.Size(0), "copy at most `BYTES` a second, such as 20MiB")
}

func (a *app) archive(ctx context.Context, o archiveOptions, names []string) error {
	accept, err := parsePaths(o.accept)
	if err != nil {
		return err
	}
	return a.onReleases(ctx, o, names, func(ctx context.Context, d *desk) (any, error) {
		return a.archiveOne(ctx, d, accept)
	})
}

// onReleases does something with one release after the other, and prints what came of it: for
// scripts a list, whether all went well or not. Each line for people was said on the way.
func (a *app) onReleases(ctx context.Context, o archiveOptions, names []string, do func(context.Context, *desk) (any, error)) (err error) {
	releases, err := parseReleases(names)
	if err != nil {
		return err
	}
	d, err := a.openDesk(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	results := []any{}
	var differs error
	for _, d.release = range releases {
		res, failed := do(ctx, d)
		if res != nil {
			results = append(results, res)
		}
		if errors.Is(failed, errDiffers) {
			differs = failed // the others can be looked at all the same
		} else if err = failed; err != nil {
			break
		}
	}
	if err == nil {
		err = differs
	}
	if a.out.format == "table" {
		return err
	}
	return errors.Join(err, a.out.print(a.stdout, results, nil))
}
