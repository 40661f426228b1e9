package archive

import (
	"context"
	"errors"
	"fmt"

	"mirrorctl/mirror"
)

// Prune moves an archived release out of the root, into the trash, once nobody needs it there:
// *NotYetError while somebody may. Nothing is deleted. A proof that has grown old is made anew.
func (a *Archiver) Prune(ctx context.Context, release mirror.Release) (Result, error) {
	return a.later(ctx, release, (*run).prune)
}

// Purge deletes what Prune moved, after the retention time: *NotYetError before.
func (a *Archiver) Purge(ctx context.Context, release mirror.Release) (Result, error) {
	return a.later(ctx, release, (*run).purgeDue)
}

// Restore brings an archived release back into the root, and clients back to it. What is still
// in the root or in the trash takes seconds; what was purged is copied from the archive.
func (a *Archiver) Restore(ctx context.Context, release mirror.Release) (Result, error) {
	res, err := a.later(ctx, release, func(r *run, ctx context.Context) error { return r.restore(ctx) })
	if err != nil {
		return res, err
	}
	doc, err := a.site.State.Load(ctx)
	if err != nil {
		return res, fmt.Errorf("read state document: %w", err)
	}
	res.Behind, err = a.acknowledged(ctx, doc.Generation)
	return res, err
}

// errNothing says that a step was done before.
var errNothing = errors.New("nothing to do")

// later runs a step of a published job.
func (a *Archiver) later(ctx context.Context, release mirror.Release, step func(*run, context.Context) error) (_ Result, err error) {
	r, err := a.take(ctx, release)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if err := r.settle(ctx); err != nil {
		return r.result(), r.blocked(ctx, err)
	}
	switch {
	case r.state == Restored:
		res := r.result()
		res.Nothing = true
		return res, r.keepJournal(ctx) // the run that restored may have died before it did this
	case r.state == Aborted:
		return r.result(), fmt.Errorf("release %s: job %s was aborted: %w", release, r.id, ErrNoJob)
	case r.state.unpublished():
		return r.result(), fmt.Errorf("release %s: job %s is %s: %w", release, r.id, r.state, ErrUnpublished)
	}
	err = step(r, ctx)
	res := r.result()
	if errors.Is(err, errNothing) {
		res.Nothing = true
		return res, r.keepJournal(ctx) // the run that did it may have died before it did this
	}
	return res, r.blocked(ctx, err)
}

func (r *run) prune(ctx context.Context) error {
	switch r.state {
	case Purged:
		return errNothing
	case Trashed:
		return r.pruned(ctx) // a run may have died between the two
	case Restoring:
		return fmt.Errorf("release %s is being restored: finish that with `mirrorctl restore`", r.begin.Target.Release)
	}
	m, err := r.sealed()
	if err != nil {
		return err
	}
	if r.trashing == nil {
		if err := r.drained(ctx, m); err != nil {
			return err
		}
		if err := r.advance(ctx, Drained, recDrained, struct{}{}); err != nil {
			return err
		}
	}
	proof, err := r.fresh(ctx)
	if err != nil {
		return err
	}
	if err := r.trash(ctx, m, proof); err != nil {
		return err
	}
	return r.pruned(ctx)
}

// fresh is the job's proof, made anew where it has grown old.
func (r *run) fresh(ctx context.Context) (Proof, error) {
	if r.proof.covers(r.manifest, r.a.now(), r.a.site.ProofAge) == nil {
		return r.proof, nil
	}
	return r.prove(ctx)
}

func (r *run) purgeDue(ctx context.Context) error {
	switch r.state {
	case Purged:
		return errNothing
	case Trashed:
	default:
		return fmt.Errorf("release %s: job %s is %s, nothing is in the trash: prune it first", r.begin.Target.Release, r.id, r.state)
	}
	if until := r.trashed.Time.Add(r.a.site.Retention); r.a.now().Before(until) {
		return &NotYetError{What: "retention", Until: until, Why: fmt.Sprintf("the trash keeps release %s for %s", r.begin.Target.Release, r.a.site.Retention)}
	}
	if err := r.pruned(ctx); err != nil { // a run may have died before it said so
		return err
	}
	m, err := r.sealed()
	if err != nil {
		return err
	}
	proof, err := r.fresh(ctx)
	if err != nil {
		return err
	}
	return r.purge(ctx, m, proof)
}
