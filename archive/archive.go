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
		return res, r.keepJournal(ctx) // the run that published may have died before it did
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
	if !r.publishing { // else the document may say more than that already
		if err := r.announce(ctx); err != nil {
			return err
		}
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
