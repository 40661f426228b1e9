package archive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mirrorctl/mirror"
)

// Result is how far a call has brought a job.
type Result struct {
	Job      string         `json:"job"`
	Release  mirror.Release `json:"release"`
	State    JobState       `json:"state"`
	Totals   Totals         `json:"totals"`
	Manifest Sum            `json:"manifest,omitzero"`
	Proof    Proof          `json:"-"`
	// Nothing is set where the job had come that far before.
	Nothing bool `json:"nothing,omitempty"`
	// Behind are running servers that did not follow the state document in time. They still answer
	// as before; nothing leaves the root until they follow or end.
	Behind   []string      `json:"behind,omitempty"`
	Warnings []string      `json:"warnings,omitempty"`
	DrainDue time.Time     `json:"drain_due,omitzero"` // before this nothing leaves the root
	PurgeDue time.Time     `json:"purge_due,omitzero"` // before this nothing leaves the trash
	Left     []mirror.Path `json:"left,omitempty"`     // in the trash, since the archive does not hold it
}

func (r *run) result() Result {
	s := r.a.status(r.job)
	return Result{Job: r.id, Release: s.Release, State: s.State, Totals: s.Totals, Manifest: s.Manifest, Proof: r.proof, DrainDue: s.DrainDue, PurgeDue: s.PurgeDue, Left: s.Left}
}

// Archive continues the newest unfinished job on a release, or plans and runs a new one. A
// release that is archived is left alone: Result.Nothing.
func (a *Archiver) Archive(ctx context.Context, t Target, o Options) (Result, error) {
	s, err := a.Status(t.Release)
	switch {
	case errors.Is(err, ErrNoJob) || err == nil && s.State.Ended():
	case err != nil:
		return Result{}, err
	case s.State == Aborting:
		if _, err := a.Abort(ctx, t.Release); err != nil {
			return Result{}, err
		}
	default:
		return a.Resume(ctx, t.Release, o)
	}
	p, err := a.NewPlan(ctx, t, o)
	if err != nil {
		return Result{}, err
	}
	return a.Run(ctx, p)
}

// Run does what p says: it copies, verifies and publishes. It ends with the release archived and
// the root as it was; Prune empties the root. After an error the job can be continued or aborted,
// except where the error says that it never began.
func (a *Archiver) Run(ctx context.Context, p *Plan) (_ Result, err error) {
	if bad := p.Blocking(); len(bad) > 0 {
		return Result{}, &ProblemsError{bad}
	}
	warning, err := a.probe(ctx, p.Options.SkipProbe)
	if err != nil {
		return Result{}, err
	}
	r, err := a.start(ctx, p)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return r.forward(ctx, warning)
}

// Resume continues the newest job on a release: ErrNoJob where none is left to continue. Of o
// only Accept, which is added to what the job accepts, and SkipProbe count.
func (a *Archiver) Resume(ctx context.Context, release mirror.Release, o Options) (_ Result, err error) {
	r, err := a.take(ctx, release)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	switch {
	case r.state.Ended():
		return Result{}, fmt.Errorf("release %s: job %s is %s: %w", release, r.id, r.state, ErrNoJob)
	case r.state == Aborting:
		return r.result(), fmt.Errorf("release %s: job %s is being aborted: finish that with --abort", release, r.id)
	case r.state == Restoring:
		return r.result(), fmt.Errorf("release %s: job %s is restoring: finish that with `mirrorctl restore`", release, r.id)
	case !r.state.unpublished():
		res := r.result()
		res.Nothing = true
		return res, nil
	}
	warning, err := a.probe(ctx, o.SkipProbe)
	if err != nil {
		return r.result(), err
	}
	if len(o.Accept) > 0 {
		if err := r.log(recAccept, acceptRecord{Accept: o.Accept}); err != nil {
			return r.result(), r.blocked(ctx, err)
		}
	}
	return r.forward(ctx, warning)
}

// forward brings the job to published, from wherever it stands.
func (r *run) forward(ctx context.Context, warning string) (Result, error) {
	err := r.steps(ctx)
	res := r.result()
	if warning != "" {
		res.Warnings = append(res.Warnings, warning)
	}
	if err != nil {
		return res, r.blocked(ctx, err)
	}
	res.Behind, err = r.a.acknowledged(ctx, r.published.Generation)
	return res, err
}

func (r *run) steps(ctx context.Context) error {
	if err := r.announce(ctx); err != nil {
		return err
	}
	for {
		var err error
		switch r.state {
		case Planned, Copying:
			err = r.copyAll(ctx)
		case Copied:
			_, err = r.prove(ctx)
		case Verified:
			if !r.publishing && r.proof.covers(r.manifest, r.a.now(), r.a.site.ProofAge) != nil {
				if _, err = r.prove(ctx); err != nil {
					return err
				}
			}
			err = r.publish(ctx, r.proof)
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// blocked journals why a run stopped and says what to do next. Errors that say so themselves
// pass; so does the end of ctx, after which there is nothing to mend.
func (r *run) blocked(ctx context.Context, err error) error {
	var (
		conflict *ConflictError
		problems *ProblemsError
		verify   *VerifyError
		notYet   *NotYetError
		lost     *LostError
	)
	if err == nil || errors.As(err, &conflict) || errors.As(err, &lost) || errors.As(err, &notYet) {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("job %s stopped in state %s; it can be continued: %w", r.id, r.state, ctx.Err())
	}
	// Where even the journal cannot be written, status will not know the reason; the caller does.
	_ = r.log(recBlocked, reasonRecord{Time: r.a.now(), Reason: err.Error()})
	if errors.As(err, &problems) || errors.As(err, &verify) {
		return err
	}
	return &BlockedError{Release: r.begin.Target.Release, Job: r.id, State: r.state, Err: err}
}

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
	return a.later(ctx, release, func(r *run, ctx context.Context) error { return r.restore(ctx) })
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
		return res, nil
	case r.state == Aborted:
		return r.result(), fmt.Errorf("release %s: job %s was aborted: %w", release, r.id, ErrNoJob)
	case r.state.unpublished():
		return r.result(), fmt.Errorf("release %s: job %s is %s: %w", release, r.id, r.state, ErrUnpublished)
	}
	err = step(r, ctx)
	res := r.result()
	if errors.Is(err, errNothing) {
		res.Nothing = true
		return res, nil
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
