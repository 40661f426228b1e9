package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mirrorctl/archive"
	"mirrorctl/mirror"
)

// archiveOne does with the desk's release what the flags say. It returns the plan where that was all that was asked
// for, else how far the job is.
func (a *app) archiveOne(ctx context.Context, d *desk, accept []mirror.Path) (any, error) {
	r, o := d.release, d.options
	target, err := d.view.Target(r)
	if err != nil {
		return nil, err
	}
	opts := archive.Options{EOL: d.view.EOL(r, time.Now()), Force: o.force, Accept: accept, Deep: o.verify, SkipProbe: o.skipProbe}
	archived := d.view.State(r).FromArchive()
	switch {
	case o.abort:
		return a.abort(ctx, d)
	case archived && o.dryRun:
		a.say("%s: already %s; there is nothing to plan", r, d.view.State(r))
		return nil, nil
	case archived && o.verify:
		return a.verifyArchived(ctx, d)
	case archived && !o.prune:
		return a.stays(a.report(d.archiver.Archive(ctx, target, opts))) // a run may have died right after it published
	case !archived && !o.prune:
		return a.stays(a.publish(ctx, d, target, opts))
	case !archived:
		if res, err := a.publish(ctx, d, target, opts); err != nil {
			return res, err
		}
	}
	return a.prune(ctx, d)
}

// publish plans, shows the plan, asks, and runs it.
func (a *app) publish(ctx context.Context, d *desk, t archive.Target, opts archive.Options) (any, error) {
	if d.options.resume {
		return a.step(d, fmt.Sprintf("Continue or begin archiving %s?", t.Release), "--resume",
			func() (archive.Result, error) { return d.archiver.Archive(ctx, t, opts) })
	}
	stop := a.showProgress(d.progress, d.options.progress)
	plan, err := d.archiver.NewPlan(ctx, t, opts)
	stop()
	if err != nil {
		return nil, err
	}
	if d.options.dryRun {
		if a.out.format == "table" {
			a.printPlan(a.stdout, d, plan)
		}
		if len(plan.Blocking()) > 0 {
			return plan, errDiffers
		}
		return plan, nil
	}
	a.printPlan(a.stderr, d, plan)
	return a.step(d, fmt.Sprintf("Archive %s?", t.Release), "--resume",
		func() (archive.Result, error) { return d.archiver.Run(ctx, plan) })
}

// abort undoes a job that published nothing. Whether there is one is known before anything is asked.
func (a *app) abort(ctx context.Context, d *desk) (any, error) {
	job, err := d.archiver.Status(d.release)
	none := errors.Is(err, archive.ErrNoJob)
	if err != nil && !none {
		return nil, err
	}
	undo := func() (archive.Result, error) { return d.archiver.Abort(ctx, d.release) }
	if none || !job.Published.IsZero() || job.State.Ended() {
		res, err := undo() // refuses, or finds nothing to do
		res.Nothing = true
		return a.report(res, err)
	}
	return a.step(d, fmt.Sprintf("Undo job %s, which published nothing?", job.ID), "", undo)
}

// prune moves the trees out, and deletes them if the trash has kept them long enough.
func (a *app) prune(ctx context.Context, d *desk) (any, error) {
	res, err := a.step(d, fmt.Sprintf("Move %s out of the root?", d.release), "",
		func() (archive.Result, error) { return d.archiver.Prune(ctx, d.release) })
	if err != nil {
		return res, err
	}
	stop := a.showProgress(d.progress, d.options.progress)
	purged, err := d.archiver.Purge(ctx, d.release)
	stop()
	var notYet *archive.NotYetError
	switch {
	case errors.As(err, &notYet):
		a.say("%s: in the trash until %s; `%s` deletes it then", d.release, when(notYet.Until), a.again(""))
		return res, nil
	case err == nil && purged.Nothing:
		return res, nil // step has said so
	}
	return a.report(purged, a.interrupted(err, ""))
}

// restore brings the desk's release back.
func (a *app) restore(ctx context.Context, d *desk) (any, error) {
	if _, err := d.view.Release(d.release); err != nil {
		return nil, err
	}
	if _, err := d.archiver.Status(d.release); errors.Is(err, archive.ErrNoJob) {
		return nil, fmt.Errorf("release %s is %s, there is nothing to restore: %w", d.release, d.view.State(d.release), archive.ErrNoJob)
	} else if err != nil {
		return nil, err
	}
	return a.step(d, fmt.Sprintf("Restore %s?", d.release), "",
		func() (archive.Result, error) { return d.archiver.Restore(ctx, d.release) })
}

// step asks, runs and reports one step of a job. resume is the flag that an interrupted run is continued with.
func (a *app) step(d *desk, question, resume string, do func() (archive.Result, error)) (any, error) {
	if err := a.confirm(d.options.yes, question); err != nil {
		return nil, err
	}
	stop := a.showProgress(d.progress, d.options.progress)
	res, err := do()
	stop()
	return a.report(res, a.interrupted(err, resume))
}

// outcomes are a job's states in words for people.
var outcomes = map[archive.JobState]string{
	archive.Published: "archived", archive.Drained: "archived", archive.Trashed: "pruned", archive.Purged: "pruned and purged",
	archive.Aborted: "aborted", archive.Restored: "restored",
}

// report says how far a job is.
func (a *app) report(res archive.Result, err error) (any, error) {
	for _, w := range res.Warnings {
		a.say("%s: warning: %s", res.Release, w)
	}
	for _, id := range res.Behind {
		a.say("%s: warning: server %s does not follow yet and still answers as before", res.Release, id)
	}
	for _, p := range res.Left {
		a.say("%s: left in the trash, since the archive does not hold it: %s", res.Release, p)
	}
	if err != nil {
		return nil, err
	}
	done := outcomes[res.State]
	if res.Nothing {
		done = "already " + done
	}
	a.say("%s: %s (job %s, %s, %s)", res.Release, done, res.Job, count(res.Totals.Files, "file"), a.out.size(res.Totals.Bytes))
	return res, nil
}

// stays says that a release which was archived is in the root, too, and how that ends.
func (a *app) stays(done any, err error) (any, error) {
	if res, ok := done.(archive.Result); ok && res.State == archive.Published {
		a.say("%s: still in the root; `%s archive --prune %s` moves it out from %s on", res.Release, a.program(), res.Release, when(res.DrainDue))
	}
	return done, err
}
