//go:build linux && (amd64 || arm64)

package fault_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"mirrorctl/test/fault/inject"
	"mirrorctl/test/fault/understudy"
)

// A second operator starts the same command while the first is held at a call: one of them must
// stand back (I8), and the first must end as if it had been alone.
func TestRivals(t *testing.T) {
	sub := mirrorctl(t)
	sweepAll(t, sub, rivalled, 2*time.Second)
}

func TestRivalsPassTheRight(t *testing.T) {
	sweepAll(t, understudyWith(t, ""), rivalled, time.Second)
}

func TestRivalsCatchTheWrong(t *testing.T) {
	points, found := hunt(t, understudyWith(t, understudy.NoLock), trips[0], rivalled)
	if found == "" {
		t.Fatalf("not caught in %d points", points)
	}
	t.Logf("caught by point %d: %s", points, found)
}

// locked is the exit code of a run that finds another at work; patience is what a second operator has.
const (
	locked   = 6
	patience = 3 * time.Second
)

// rivalled is one point of TestRivals.
func rivalled(ctx context.Context, sub subject, tr trip, n int) (verdict, error) {
	s, err := tr.prepare(ctx, sub)
	defer s.close()
	if err != nil {
		return verdict{}, err
	}
	v := verdict{}
	var second *outcome
	out, err := s.inject(ctx, sub.command(s, tr.args...), inject.At(n, inject.Verdict{Hold: func() error {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		out, err := s.inject(ctx, sub.command(s, tr.again...), nil)
		second = &out
		if errors.Is(err, context.DeadlineExceeded) {
			err = nil // it waits for the first, which cannot go on: that is no progress, and no harm
		}
		return err
	}}))
	if err != nil {
		return v, err
	}
	if v.struck = second != nil; v.struck {
		v.where = fmt.Sprintf("%s: the first ends with %d, the second with %d", out.Struck[0], out.Exit, second.Exit)
		moved := s.moves(second.Calls)
		if moved != "" && s.moves(out.Calls[:n-1]) != "" && s.moves(out.Calls[n:]) != "" {
			v.judge([]string{"I8: both made progress, the second by " + moved}, nil)
		}
		if moved != "" && second.Exit == locked {
			v.judge([]string{"I8: the second stood back, after " + moved}, nil)
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

// moves finds a call that moves the release on: that changes the root, or the archive but for what the archive
// keeps for itself. It returns "" where there is none.
func (s *site) moves(calls []inject.Call) string {
	for _, c := range calls {
		if c.Kind != inject.Write && c.Kind != inject.Name && c.Kind != inject.Meta {
			continue
		}
		for _, p := range c.Paths {
			if under(p, s.Root) || under(p, s.Archive) && !under(p, s.Archive+"/.mirrorctl") && !under(p, s.Archive+"/.well-known") {
				return c.String()
			}
		}
	}
	return ""
}
