//go:build linux && (amd64 || arm64)

package fault_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"mirrorctl/test/fault/fixture"
	"mirrorctl/test/fault/inject"
	"mirrorctl/test/fault/oracle"
	"mirrorctl/test/fault/understudy"
)

// A second operator starts the same command while the first is held at a call: one of them must
// stand back (I8), and the first must end as if it had been alone.
func TestRivals(t *testing.T) {
	sub := mirrorctl(t)
	for _, tr := range trips {
		t.Run(tr.name, func(t *testing.T) { sweep(t, sub, tr, rivalled) })
	}
}

func TestRivalsPassTheRight(t *testing.T) {
	for _, tr := range trips {
		t.Run(tr.name, func(t *testing.T) { sweep(t, understudyWith(t, ""), tr, rivalled) })
	}
}

func TestRivalsCatchTheWrong(t *testing.T) {
	points, found := hunt(t, understudyWith(t, understudy.NoLock), trips[0], rivalled)
	if found == "" {
		t.Fatalf("not caught in %d points", points)
	}
	t.Logf("caught by point %d: %s", points, found)
}

// locked is the exit code of a run that finds another at work.
const locked = 6

// rivalled is one point of TestRivals.
func rivalled(ctx context.Context, sub subject, tr trip, n int) (verdict, error) {
	s, err := tr.prepare(ctx, sub, fixture.Site{})
	if err != nil {
		return verdict{}, err
	}
	defer s.close()
	v := verdict{}
	second, moved := -1, false
	out, err := s.inject(ctx, sub.command(s, tr.args...), inject.At(n, inject.Verdict{Hold: func() error {
		before, err := s.all()
		if err != nil {
			return err
		}
		var output string
		if second, output, err = s.run(ctx, tr.again...); err != nil {
			return fmt.Errorf("the second operator: %w: %s", err, output)
		}
		after, err := s.all()
		if err != nil {
			return err
		}
		changed := append(oracle.Diff(before[0], after[0], oracle.Times), oracle.Diff(before[1], after[1], oracle.Times)...)
		moved = len(changed) > 0
		if second == locked && moved {
			v.judge([]string{"I8: the second stood back, and yet " + changed[0]}, nil)
		}
		return nil
	}}))
	if err != nil {
		return v, err
	}
	v.struck = second >= 0
	if v.struck {
		v.where = fmt.Sprintf("%s: the first ends with %d, the second with %d", out.Struck[0], out.Exit, second)
		if moved && s.works(out.Calls[:n-1]) && s.works(out.Calls[n:]) {
			v.judge([]string{"I8: both made progress"}, nil)
		}
		if out.Exit != 0 && second != 0 {
			v.judge([]string{"I8: neither of two operators came through: " + out.output}, nil)
		}
	}
	if out.Exit == 0 {
		v.judge(s.oracle.Ended(tr.goal))
		return v, nil
	}
	if !v.struck {
		v.judge([]string{fmt.Sprintf("exit %d: %s", out.Exit, out.output)}, nil)
	}
	return v, v.recover(ctx, s, tr.again, tr.goal)
}

// works reports whether one of the calls touches the root or the archive.
func (s *site) works(calls []inject.Call) bool {
	return slices.ContainsFunc(calls, func(c inject.Call) bool {
		return slices.ContainsFunc(c.Paths, func(p string) bool { return under(p, s.Root) || under(p, s.Archive) })
	})
}

// all is what two operators fight over.
func (s *site) all() ([2]oracle.Snapshot, error) {
	root, err := oracle.Take(s.Root)
	if err != nil {
		return [2]oracle.Snapshot{}, err
	}
	store, err := oracle.Take(s.Archive)
	return [2]oracle.Snapshot{root, store}, err
}
