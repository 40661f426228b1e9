package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"mirrorctl/archive"
	"mirrorctl/internal/config"
	"mirrorctl/mirror"
)

// archiveOptions are the flags of archive and restore.
type archiveOptions struct {
	dryRun, yes, verify, prune, resume, abort, force, skipProbe bool

	to, bwlimit, grace, link, progress string
	accept                             []string
}

// override puts the flags in place of the configuration's values.
func (o archiveOptions) override(cfg *config.Config) error {
	for _, f := range []struct {
		text string
		into interface{ UnmarshalText([]byte) error }
	}{{o.bwlimit, &cfg.Archive.BandwidthLimit}, {o.grace, &cfg.Archive.Grace}} {
		if f.text != "" {
			if err := f.into.UnmarshalText([]byte(f.text)); err != nil {
				return usageError{err}
			}
		}
	}
	if o.to != "" {
		cfg.Archive.Store = o.to
	}
	switch o.link {
	case "", "copy", "reflink", "hardlink":
		return nil
	}
	return usagef("--link %q: want copy, reflink or hardlink", o.link)
}

func (a *app) archiveCommand() *cobra.Command {
	var o archiveOptions
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
		Args:              args(cobra.MinimumNArgs(1)),
		ValidArgsFunction: a.completeReleases,
		RunE: func(c *cobra.Command, names []string) error {
			return a.archive(c.Context(), o, names)
		},
	}
	f := c.Flags()
	f.BoolVar(&o.dryRun, "dry-run", false, "print the plan and change nothing; with --verify, read every file for it")
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	f.BoolVar(&o.verify, "verify", false, "read an archived release back and hold it against its manifest")
	f.BoolVar(&o.prune, "prune", false, "move the trees of an archived release out of the root, and in time delete them")
	f.BoolVar(&o.resume, "resume", false, "continue the release's unfinished job, or begin one")
	f.BoolVar(&o.abort, "abort", false, "undo an unpublished job: the archive is as it was before")
	f.BoolVar(&o.force, "force", false, "archive a release that is not end-of-life")
	f.BoolVar(&o.skipProbe, "skip-probe", false, "do not ask for a probe object through archive.url")
	f.StringVar(&o.to, "to", "", "store, instead of archive.store")
	f.StringVar(&o.bwlimit, "bwlimit", "", "bytes a second, such as 20MiB")
	f.StringVar(&o.grace, "grace", "", "time from the switch to the first moment of --prune, instead of archive.grace")
	f.StringVar(&o.link, "link", "", "copy, reflink or hardlink, where store and root share a filesystem")
	f.StringVar(&o.progress, "progress", "auto", "auto, plain, json or none")
	f.StringSliceVar(&o.accept, "accept-corrupt", nil, "a file, or a directory of files, that may contradict its metadata")
	c.MarkFlagsMutuallyExclusive("dry-run", "abort", "prune")
	c.MarkFlagsMutuallyExclusive("abort", "resume")
	return c
}

func (a *app) archive(ctx context.Context, o archiveOptions, names []string) (err error) {
	releases, err := parseReleases(names)
	if err != nil {
		return err
	}
	accept, err := parsePaths(o.accept)
	if err != nil {
		return err
	}
	d, err := a.openDesk(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	var results []archive.Result
	for _, r := range releases {
		opts := archive.Options{EOL: d.view.EOL(r, time.Now()), Force: o.force, Accept: accept, Deep: o.verify, SkipProbe: o.skipProbe}
		res, err := a.archiveOne(ctx, d, o, opts, r)
		if err != nil {
			return hintResume(err, r)
		}
		if res != nil {
			results = append(results, *res)
		}
	}
	if a.out.format != "table" && len(results) > 0 {
		return a.out.print(a.stdout, results, nil)
	}
	return nil
}

// archiveOne does with one release what the flags say. It returns nil where a plan was all that was asked for.
func (a *app) archiveOne(ctx context.Context, d *desk, o archiveOptions, opts archive.Options, r mirror.Release) (*archive.Result, error) {
	target, err := d.view.Target(r)
	if err != nil {
		return nil, err
	}
	archived := d.view.State(r).FromArchive()
	switch {
	case o.abort:
		return a.step(ctx, d, o, fmt.Sprintf("Undo the unpublished job on %s?", r), func() (archive.Result, error) { return d.archiver.Abort(ctx, r) })
	case o.verify && !o.dryRun && archived:
		return nil, a.verifyArchived(ctx, d, o, r)
	case !archived:
		res, err := a.publish(ctx, d, o, opts, target)
		if err != nil || o.dryRun || !o.prune {
			return res, err
		}
	case o.dryRun:
		_, err := d.archiver.NewPlan(ctx, target, opts) // says that it is archived already
		return nil, err
	case !o.prune:
		res, err := d.archiver.Archive(ctx, target, opts)
		if err != nil {
			return nil, err
		}
		a.sayResult(res)
		return &res, nil
	}
	return a.prune(ctx, d, o, r)
}

// publish plans, shows the plan, asks, and runs it.
func (a *app) publish(ctx context.Context, d *desk, o archiveOptions, opts archive.Options, t archive.Target) (*archive.Result, error) {
	if o.resume {
		return a.step(ctx, d, o, fmt.Sprintf("Continue or begin archiving %s?", t.Release), func() (archive.Result, error) { return d.archiver.Archive(ctx, t, opts) })
	}
	stop := a.showProgress(d.progress, o.progress)
	plan, err := d.archiver.NewPlan(ctx, t, opts)
	stop()
	if err != nil {
		return nil, err
	}
	if err := a.printPlan(plan, o.dryRun); err != nil || o.dryRun {
		return nil, err
	}
	return a.step(ctx, d, o, fmt.Sprintf("Archive %s?", t.Release), func() (archive.Result, error) { return d.archiver.Run(ctx, plan) })
}

// prune moves the trees out, and deletes them if the trash has kept them long enough.
func (a *app) prune(ctx context.Context, d *desk, o archiveOptions, r mirror.Release) (*archive.Result, error) {
	res, err := a.step(ctx, d, o, fmt.Sprintf("Move %s out of the root?", r), func() (archive.Result, error) { return d.archiver.Prune(ctx, r) })
	if err != nil {
		return nil, err
	}
	purged, err := d.archiver.Purge(ctx, r)
	var notYet *archive.NotYetError
	switch {
	case errors.As(err, &notYet):
		a.say("%s: in the trash until %s; `mirrorctl archive --prune %s` deletes it then", r, notYet.Until.Format(time.RFC3339), r)
		return res, nil
	case err != nil:
		return nil, err
	}
	a.sayResult(purged)
	return &purged, nil
}

// step asks, runs and reports one step of a job.
func (a *app) step(_ context.Context, d *desk, o archiveOptions, question string, do func() (archive.Result, error)) (*archive.Result, error) {
	if err := a.confirm(o.yes, question); err != nil {
		return nil, err
	}
	stop := a.showProgress(d.progress, o.progress)
	res, err := do()
	stop()
	if err != nil {
		return nil, err
	}
	a.sayResult(res)
	return &res, nil
}

func (a *app) sayResult(res archive.Result) {
	for _, w := range res.Warnings {
		a.say("%s: warning: %s", res.Release, w)
	}
	for _, id := range res.Behind {
		a.say("%s: server %s does not follow yet and still answers as before", res.Release, id)
	}
	for _, p := range res.Left {
		a.say("%s: left in the trash, since the archive does not hold it: %s", res.Release, p)
	}
	done := string(res.State)
	if res.Nothing {
		done += " already"
	}
	a.say("%s: %s (job %s, %d files, %s)", res.Release, done, res.Job, res.Totals.Files, a.out.size(res.Totals.Bytes))
}

// hintResume names the command that goes on after an interruption.
func hintResume(err error, r mirror.Release) error {
	if errors.Is(err, context.Canceled) {
		return hinted{err, fmt.Sprintf("`mirrorctl archive --resume %s` continues it", r)}
	}
	return err
}

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

func (a *app) restoreCommand() *cobra.Command {
	var o archiveOptions
	c := &cobra.Command{
		Use: "restore RELEASE...", Short: "Bring archived releases back into the root",
		Long: `restore undoes an archive. What still lies in the root or in the trash comes back by a rename;
what was deleted is copied from the archive, verified, and only then do clients come back. The
archive keeps its copy.`,
		Args:              args(cobra.MinimumNArgs(1)),
		ValidArgsFunction: a.completeReleases,
		RunE: func(c *cobra.Command, names []string) (err error) {
			ctx := c.Context()
			releases, err := parseReleases(names)
			if err != nil {
				return err
			}
			d, err := a.openDesk(ctx, o)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, d.Close()) }()
			for _, r := range releases {
				if _, err := d.view.Release(r); err != nil {
					return err
				}
				if _, err := a.step(ctx, d, o, fmt.Sprintf("Restore %s?", r), func() (archive.Result, error) { return d.archiver.Restore(ctx, r) }); err != nil {
					if errors.Is(err, context.Canceled) {
						return hinted{err, fmt.Sprintf("`mirrorctl restore %s` continues it", r)}
					}
					return err
				}
			}
			return nil
		},
	}
	f := c.Flags()
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	f.StringVar(&o.bwlimit, "bwlimit", "", "bytes a second, such as 20MiB")
	f.StringVar(&o.progress, "progress", "auto", "auto, plain, json or none")
	return c
}
