//go:build linux && (amd64 || arm64)

package fault_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrorctl/test/fault/inject"
	"mirrorctl/test/fault/oracle"
)

// The program is killed before each of its system calls; what is left must keep the invariants, and
// running it again must end as if nothing had happened.
func TestKill(t *testing.T) {
	sub := mirrorctl(t)
	sweepAll(t, sub, killed, 4*time.Second)
}

// killed is one point of TestKill. Half of the points are recovered by running on, half are taken back, where
// that is possible; a third of the recoveries are killed, too, before one may succeed.
func killed(ctx context.Context, sub subject, tr trip, n int) (verdict, error) {
	s, err := tr.prepare(ctx, sub)
	defer s.close()
	if err != nil {
		return verdict{}, err
	}
	v := verdict{}
	out, err := s.inject(ctx, sub.command(s, tr.args...), inject.At(n, inject.Verdict{Then: inject.Kill, Hold: func() error {
		v.judge(nil, s.clients(ctx)) // the world stands still: what do clients get at this instant?
		return nil
	}}))
	if err != nil {
		return v, err
	}
	v.struck, v.where = len(out.Struck) > 0, last(out.Calls)
	if !v.struck {
		v.finished(s, tr.goal, out)
		return v, nil
	}
	again, goal := tr.again, tr.goal
	phase, violations, err := s.oracle.Check()
	v.judge(violations, err)
	if tr.abort && rand.IntN(2) == 0 && (phase == oracle.Active || phase == oracle.Archiving) {
		again, goal = aborting, oracle.GoalAborted
	}
	if rand.IntN(3) == 0 {
		out, err := s.inject(ctx, sub.command(s, again...), inject.At(1+rand.IntN(40), inject.Verdict{Then: inject.Kill}))
		if err != nil {
			return v, err
		}
		v.where += ", again at " + last(out.Calls)
		_, violations, err := s.oracle.Check()
		v.judge(violations, err)
	}
	return v, v.recover(ctx, s, again, goal)
}

// verdict is what is to be said of one point.
type verdict struct {
	struck     bool
	where      string
	violations []string
	litter     []string // temporary files left after a recovery
}

func (v *verdict) judge(violations []string, err error) {
	v.violations = append(v.violations, violations...)
	if err != nil {
		v.violations = append(v.violations, err.Error())
	}
}

// finished judges a command that ended by itself: it must have succeeded and done what it said.
func (v *verdict) finished(s *site, goal oracle.Goal, out outcome) {
	if out.Exit != 0 {
		v.judge([]string{fmt.Sprintf("exit %d: %s", out.Exit, out.output)}, nil)
		return
	}
	v.judge(s.oracle.Ended(goal))
}

// recover runs a command in peace, after which the site must have come to its goal. It may only say 4 (not found)
// instead, and only where the goal was reached before: then there is nothing to do.
func (v *verdict) recover(ctx context.Context, s *site, args []string, goal oracle.Goal) error {
	ended, err := s.oracle.Ended(goal)
	done := err == nil && len(ended) == 0
	exit, output, err := s.run(ctx, args...)
	if err != nil {
		return fmt.Errorf("recover by %v: %w: %s", args, err, output)
	}
	if exit != 0 && !(done && exit == notFound) {
		v.judge([]string{fmt.Sprintf("I7: %v: exit %d: %s", args, exit, output)}, nil)
	}
	v.judge(s.oracle.Ended(goal))
	v.judge(nil, s.clients(ctx))
	v.litter, err = s.oracle.Litter()
	return err
}

// notFound is the exit code for a release or a job that there is not.
const notFound = 4

func last(calls []inject.Call) string {
	if len(calls) == 0 {
		return "no call"
	}
	return calls[len(calls)-1].String()
}

// String is short: the first violations tell the story.
func (v verdict) String() string {
	list := slices.Clone(v.violations)
	slices.Sort(list)
	list = slices.Compact(list)
	more := ""
	if len(list) > 6 {
		list, more = list[:6], fmt.Sprintf("\n\t… and %d more", len(list)-6)
	}
	return v.where + "\n\t" + strings.Join(list, "\n\t") + more
}
