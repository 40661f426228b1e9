//go:build linux && (amd64 || arm64)

package fault_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"

	"mirrorctl/test/fault/fixture"
	"mirrorctl/test/fault/inject"
	"mirrorctl/test/fault/oracle"
)

// trip is one command on a site that is ready for it.
type trip struct {
	name      string
	retention string
	before    []step   // what leads to it
	args      []string // the command
	again     []string // what an operator runs after a crash
	goal      oracle.Goal
	rebuilt   bool // the trees come back as copies
	abort     bool // before published it may be aborted
	serve     bool // with a server beside, and clients that ask it
}

// step is a command that runs whole, or is killed on its way.
type step struct {
	args []string
	half bool // after half of its calls
	torn bool // with a record of the journal written and not synced
}

const release = fixture.Release

var (
	archiving = []string{"archive", "--yes", release}
	resuming  = []string{"archive", "--yes", "--resume", release}
	pruning   = []string{"archive", "--yes", "--prune", "--resume", release}
	aborting  = []string{"archive", "--abort", "--yes", release}
	restoring = []string{"restore", "--yes", release}
)

var trips = []trip{
	{name: "archive", args: archiving, again: resuming, goal: oracle.GoalArchived, abort: true},
	{name: "resume", before: []step{{args: archiving, half: true}}, args: resuming, again: resuming, goal: oracle.GoalArchived, abort: true},
	{name: "abort", before: []step{{args: archiving, half: true}}, args: aborting, again: aborting, goal: oracle.GoalAborted},
	{name: "prune", before: []step{{args: archiving}}, args: pruning, again: pruning, goal: oracle.GoalPruned, serve: true},
	{name: "restore from trash", retention: "1h", before: []step{{args: archiving}, {args: pruning}}, args: restoring, again: restoring, goal: oracle.GoalRestored, serve: true},
	{name: "restore from archive", before: []step{{args: archiving}, {args: pruning}}, args: restoring, again: restoring, goal: oracle.GoalRestored, rebuilt: true, serve: true},
}

// prepare makes a site that is ready for the trip. Close it.
func (tr trip) prepare(ctx context.Context, sub subject) (*site, error) {
	s, err := tr.site(sub, fixture.Site{})
	if err == nil {
		err = tr.walk(ctx, s)
	}
	return s, err
}

// site makes the site on which the trip begins. Close it, even after an error.
func (tr trip) site(sub subject, on fixture.Site) (*site, error) {
	on.Retention = tr.retention
	s, err := newSite(sub, on)
	s.oracle.Restored, s.oracle.Rebuilt = tr.goal == oracle.GoalRestored, tr.rebuilt
	return s, err
}

// walk leads the site to where the trip's command is to run.
func (tr trip) walk(ctx context.Context, s *site) error {
	if tr.serve {
		if err := s.serve(ctx); err != nil {
			return err
		}
	}
	for _, st := range tr.before {
		var decide inject.Decide
		if st.torn {
			decide = beforeRecord(1 + rand.IntN(5))
		}
		if st.half {
			calls, err := length(ctx, s.subject, st.args)
			if err != nil {
				return err
			}
			decide = inject.At(calls/2, inject.Verdict{Then: inject.Kill})
		}
		out, err := s.inject(ctx, s.subject.command(s, st.args...), decide)
		if err != nil || out.Exit != 0 && !out.Killed {
			return fmt.Errorf("%v: exit %d, %w: %s", st.args, out.Exit, err, out.output)
		}
	}
	return nil
}

// beforeRecord kills a run before the n-th fsync of its journal.
func beforeRecord(n int) inject.Decide {
	return func(c inject.Call) inject.Verdict {
		if c.Kind == inject.Sync && filepath.Base(c.Paths[0]) == "journal" {
			n--
			if n == 0 {
				return inject.Verdict{Then: inject.Kill}
			}
		}
		return inject.Verdict{}
	}
}
