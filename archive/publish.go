package archive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mirrorctl/mirror"
)

// record is what the state document says of the release in state s.
func (r *run) record(s mirror.State) *mirror.Record {
	t := r.begin.Totals
	rec := &mirror.Record{
		State: s, Since: r.a.now(), Job: r.id,
		Trees: r.begin.Target.Trees, Repositories: r.begin.Target.Repositories,
		Files: t.Files, Bytes: t.Bytes, Packages: t.Packages,
	}
	switch {
	case !r.manifest.IsZero() && s != mirror.Archiving:
		rec.Manifest = r.manifest.String()
	case r.begin.Prior != nil:
		// An archive of before goes on answering for those who were sent there.
		rec.Manifest = r.begin.Prior.Manifest
	}
	return rec
}

// allowed says whether the document may be moved on from rec, nil where it has none.
type allowed func(rec *mirror.Record) bool

// from allows a record of this job in one of some states.
func (r *run) from(states ...mirror.State) allowed {
	return func(rec *mirror.Record) bool {
		if rec == nil || rec.Job != r.id {
			return false
		}
		for _, s := range states {
			if rec.State == s {
				return true
			}
		}
		return false
	}
}

// swap moves the state document to next for the job's release and returns the generation
// that says so. Other releases' changes in between are kept; a change of this one's record that
// may does not allow is a *ConflictError. It may be called again after a crash: a document
// that says so already is left alone. next may be nil.
func (r *run) swap(ctx context.Context, next *mirror.Record, may allowed) (uint64, time.Time, error) {
	release := r.begin.Target.Release
	for tries := 0; ; tries++ {
		doc, err := r.a.site.State.Load(ctx)
		if err != nil {
			return 0, time.Time{}, fmt.Errorf("read state document: %w", err)
		}
		now := doc.Releases[release]
		if next != nil && now != nil && now.Job == next.Job && now.State == next.State && now.Manifest == next.Manifest || next == nil && now == nil {
			since := r.a.now()
			if now != nil {
				since = now.Since
			}
			return doc.Generation, since, nil
		}
		if !may(now) {
			return 0, time.Time{}, r.conflict("the state document was changed by someone else", []string{describe(now)},
				"look at it with `mirrorctl status "+release.String()+"`")
		}
		if err := r.fenced(ctx); err != nil {
			return 0, time.Time{}, err
		}
		err = r.a.site.State.Swap(ctx, doc.With(release, next))
		switch {
		case err == nil, errors.Is(err, mirror.ErrConflict):
			// Read back either way: what was swapped must be what stands there.
		case tries < 3:
			// The answer may have been lost after the swap: what stands there tells.
		default:
			return 0, time.Time{}, fmt.Errorf("write state document: %w", err)
		}
		if err := sleep(ctx, time.Duration(min(tries, 20))*5*time.Millisecond); err != nil {
			return 0, time.Time{}, err
		}
	}
}

func describe(rec *mirror.Record) string {
	if rec == nil {
		return "it has no record of the release"
	}
	return fmt.Sprintf("it says %s, by job %s", rec.State, rec.Job)
}

// fenced makes sure, right before a commit, that nobody has taken the job over.
func (r *run) fenced(ctx context.Context) error {
	return r.moveHead(ctx, r.head.State)
}

// announce says Archiving in the state document: still served from the root.
func (r *run) announce(ctx context.Context) error {
	_, _, err := r.swap(ctx, r.record(mirror.Archiving), func(rec *mirror.Record) bool {
		return rec == nil || rec.State == "" || rec.State == mirror.Active || rec.Job == r.id && rec.State == mirror.Archiving
	})
	return err
}

// publish is the commit point: from the swap on clients are sent to the archive.
//
// A crash before the swap leaves everything as it was; after it, the next run finds the
// document saying so and writes the record that is missing.
func (r *run) publish(ctx context.Context, proof Proof) error {
	r.a.prog.begin(PhasePublish, 0, 0)
	if err := proof.covers(r.manifest, r.a.now(), r.a.site.ProofAge); err != nil {
		return err
	}
	if !r.publishing {
		// What was copied is still what the root holds: a sync may have been at work meanwhile.
		now, err := scanTrees(ctx, r.a.root, r.begin.Target.Trees)
		if err != nil {
			return err
		}
		if len(now.problems) > 0 {
			return &ProblemsError{now.problems}
		}
		if diffs := diffScan(r.plan, now.entries); len(diffs) > 0 {
			return r.conflict("the root changed since the job began", diffs, "stop what writes there, then --abort and archive again")
		}
		if err := r.log(recPublishing, struct{}{}); err != nil {
			return err
		}
	}
	gen, since, err := r.swap(ctx, r.record(mirror.Archived), r.from(mirror.Archiving))
	if err != nil {
		return err
	}
	if err := r.advance(ctx, Published, recPublished, publishedRecord{Generation: gen, Time: since}); err != nil {
		return err
	}
	return r.keepJournal(ctx)
}

// acknowledged waits, at most AckWait, until every live server follows generation gen, and
// returns those that do not.
func (a *Archiver) acknowledged(ctx context.Context, gen uint64) (behind []string, err error) {
	if a.site.Followers == nil {
		return nil, nil
	}
	deadline := time.Now().Add(a.site.AckWait) // the real clock: this is about running processes
	for {
		all, err := a.site.Followers.Followers(ctx)
		if err != nil {
			return nil, fmt.Errorf("list running servers: %w", err)
		}
		behind = behind[:0]
		for _, f := range all {
			if f.Generation < gen {
				behind = append(behind, f.ID)
			}
		}
		if len(behind) == 0 || time.Now().After(deadline) {
			return behind, nil
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return nil, err
		}
	}
}
