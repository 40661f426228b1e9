package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mirrorctl/mirror"
)

// ErrPublished says that a job can no longer be aborted.
var ErrPublished = errors.New("already published; undo it with `mirrorctl restore`")

// ErrUnpublished says that there is nothing to prune or restore yet.
var ErrUnpublished = errors.New("not published yet; continue it with `mirrorctl archive --resume` or undo it with --abort")

// Abort undoes an unpublished job: it removes what the job put into the archive, and nothing
// else, and the state document says again what it said before. The root was never touched. An
// aborted job can be aborted again: nothing happens.
func (a *Archiver) Abort(ctx context.Context, release mirror.Release) (_ Result, err error) {
	if _, err := a.newest(release); errors.Is(err, ErrNoJob) {
		// The store is not asked for anything; but a run may have died here before its job began.
		lock, locked := a.lock(release)
		if locked != nil {
			return Result{}, locked
		}
		return Result{}, errors.Join(err, a.unborn(release), lock.Close())
	}
	r, err := a.take(ctx, release)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if r.state == Aborted {
		return r.result(), nil
	}
	if err := r.settle(ctx); err != nil {
		return Result{}, err
	}
	if !r.state.unpublished() {
		return Result{}, fmt.Errorf("release %s: job %s is %s: %w", release, r.id, r.state, ErrPublished)
	}
	if err := r.abort(ctx); err != nil {
		return r.result(), r.blocked(ctx, err)
	}
	return r.result(), nil
}

// settle finds out whether a run that died while publishing had published.
func (r *run) settle(ctx context.Context) error {
	if !r.publishing || r.state != Verified {
		return nil
	}
	doc, err := r.a.site.State.Load(ctx)
	if err != nil {
		return fmt.Errorf("read state document: %w", err)
	}
	if rec := doc.Releases[r.begin.Target.Release]; rec != nil && rec.Job == r.id && rec.State == mirror.Archived {
		return r.publish(ctx, r.proof)
	}
	return nil
}

func (r *run) abort(ctx context.Context) error {
	r.a.prog.begin(PhaseAbort, 0, 0)
	mine, err := r.own(ctx)
	if err != nil {
		return err
	}
	if err := r.rootHolds(ctx, mine); err != nil {
		return err
	}
	if r.state != Aborting {
		if err := r.advance(ctx, Aborting, recAborting, struct{}{}); err != nil {
			return err
		}
	}
	if r.began {
		if err := r.remove(ctx, mine); err != nil {
			return err
		}
	}
	if _, _, err := r.swap(ctx, r.begin.Prior, func(rec *mirror.Record) bool {
		return rec == nil || rec.Job == r.id && rec.State == mirror.Archiving
	}); err != nil {
		return err
	}
	return r.advance(ctx, Aborted, recAborted, struct{}{})
}

// own lists what the store holds of the plan and did not hold before the job, names before the
// directories that hold them. Something else that came to lie at a path of the plan is not ours.
func (r *run) own(ctx context.Context) ([]Object, error) {
	if !r.began {
		return nil, nil
	}
	stored, err := r.a.stored(ctx, r.begin.Target.Trees)
	if err != nil {
		return nil, err
	}
	var mine []Object
	for _, e := range slices.Backward(r.plan) {
		o, ok := stored[e.Path]
		if ok && !r.existed[e.Path] && differs(e, o) == "" {
			mine = append(mine, o)
		}
	}
	return mine, nil
}

// rootHolds makes sure that no removed object was the last copy: whatever happened to the root
// meanwhile, I1 comes before tidiness.
func (r *run) rootHolds(ctx context.Context, mine []Object) error {
	now, err := scanTrees(ctx, r.a.root, r.begin.Target.Trees)
	if err != nil {
		return err
	}
	var lost []string
	for _, o := range mine {
		e, _ := find(r.plan, o.Path)
		n, ok := find(now.entries, o.Path)
		if equal, _ := same(e, n); o.Type != Dir && (!ok || !equal) {
			lost = append(lost, fmt.Sprintf("%s is no longer in the root as it was", o.Path))
		}
	}
	if len(lost) > 0 {
		return r.conflict("the archive may hold the only copy", lost, "put the files back into the root, or keep the archive; nothing was removed")
	}
	return nil
}

// remove takes away the job's objects, then the directories above them that it made.
func (r *run) remove(ctx context.Context, mine []Object) error {
	u, ok := r.a.site.Store.(Undoer)
	if !ok {
		return nil // a store that nobody may delete from keeps what it has; a later job adopts it
	}
	if err := r.sweep(ctx); err != nil {
		return err
	}
	for _, o := range mine {
		if err := u.Remove(ctx, o); err != nil {
			return fmt.Errorf("remove %s from the archive: %w", o.Path, err)
		}
		r.a.prog.files.Add(1)
	}
	for _, e := range slices.Backward(r.begin.Parents) {
		if e.Path == "" || r.existed[e.Path] {
			continue
		}
		if err := u.Remove(ctx, Object{Path: e.Path, Type: Dir}); err != nil {
			return fmt.Errorf("remove %s from the archive: %w", e.Path, err)
		}
	}
	return nil
}
