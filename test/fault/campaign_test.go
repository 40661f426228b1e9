//go:build linux && (amd64 || arm64)

package fault_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// MIRRORCTL_FAULT=long makes every point; else a sample is made, within some seconds for each trip.
// MIRRORCTL_FAULT_AT=name/n makes that one point of the trip of that name. They are read within
// the tests, for go test to know that a result depends on them.
func long() bool   { return os.Getenv("MIRRORCTL_FAULT") == "long" }
func only() string { return os.Getenv("MIRRORCTL_FAULT_AT") }

// enough is how many bad points a sweep makes before it stops.
func enough() int {
	if long() {
		return 1000
	}
	return 5
}

// workers is how many points are made side by side.
const workers = 2

// judge makes one point: it strikes the trip's command at its n-th call and says what came of it. An error is
// the rig's own.
type judge func(ctx context.Context, sub subject, tr trip, n int) (verdict, error)

// sweepAll makes points of every trip and fails the test for each that violates something. In the short form it
// stops after a while on each trip.
func sweepAll(t *testing.T, sub subject, j judge, while time.Duration) {
	t.Helper()
	for _, tr := range trips {
		t.Run(tr.name, func(t *testing.T) { sweep(t, sub, tr, j, while) })
	}
}

func sweep(t *testing.T, sub subject, tr trip, j judge, while time.Duration) {
	t.Helper()
	s := tally{t: t, trip: tr, limit: while}
	if at, ok := strings.CutPrefix(only(), tr.name+"/"); ok {
		n, err := strconv.Atoi(at)
		if err != nil {
			t.Fatal(err)
		}
		v, err := j(t.Context(), sub, tr, n)
		s.add(n, v, err)
		s.litterers()
		t.Log(v)
		return
	} else if only() != "" {
		t.Skip("SKIP: MIRRORCTL_FAULT_AT names another point")
	}
	calls, err := tr.calls(t.Context(), sub)
	if err != nil {
		t.Fatal(err)
	}
	points := s.run(sub, j, order(calls))
	s.litterers()
	t.Logf("%s: %d points of %d calls, %d violated, %.0f a minute", tr.name, points, calls, s.bad, float64(points)/time.Since(s.start).Minutes())
}

// tally runs points side by side and counts.
type tally struct {
	t     *testing.T
	trip  trip
	limit time.Duration // in the short form
	start time.Time

	mu      sync.Mutex
	bad     int // points with violations
	litter  int // points that left temporary files
	example string
	err     error
}

func (s *tally) litterers() {
	s.t.Helper()
	if s.litter > 0 {
		s.t.Errorf("%d points left temporary files, such as %s", s.litter, s.example)
	}
}

func (s *tally) run(sub subject, j judge, next func() (int, bool)) (points int) {
	s.start = time.Now()
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for {
				s.mu.Lock()
				n, ok := next()
				ok = ok && s.err == nil && s.bad < enough() && (long() || time.Since(s.start) < s.limit)
				if ok {
					points++
				}
				s.mu.Unlock()
				if !ok {
					return
				}
				v, err := j(ctx, sub, s.trip, n)
				s.add(n, v, err)
			}
		})
	}
	wg.Wait()
	return points
}

func (s *tally) add(n int, v verdict, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.err = errors.Join(s.err, err)
		s.t.Errorf("%s/%d: %v", s.trip.name, n, err)
	}
	if len(v.litter) > 0 {
		s.litter++
		s.example = fmt.Sprintf("%s/%d: %s left %s", s.trip.name, n, v.where, v.litter[0])
	}
	if len(v.violations) > 0 {
		s.bad++
		s.t.Errorf("MIRRORCTL_FAULT_AT='%s/%d': %s", s.trip.name, n, v)
	}
}

// order yields the points 1..calls and some beyond, since a run's length varies with its threads, in an order that
// makes any beginning a fair sample. In the long form each comes twice: what follows it is chosen anew.
func order(calls int) func() (int, bool) {
	list := rand.Perm(calls + 3)
	if long() {
		list = append(list, rand.Perm(calls+3)...)
	}
	i := 0
	return func() (int, bool) {
		if i == len(list) {
			return 0, false
		}
		i++
		return list[i-1] + 1, true
	}
}

// calls is how many counted calls the trip's command makes, undisturbed.
func (tr trip) calls(ctx context.Context, sub subject) (int, error) {
	s, err := tr.prepare(ctx, sub)
	defer s.close()
	if err != nil {
		return 0, err
	}
	out, err := s.inject(ctx, sub.command(s, tr.args...), nil)
	if err == nil && out.Exit != 0 {
		err = fmt.Errorf("%v: exit %d: %s", tr.args, out.Exit, out.output)
	}
	return len(out.Calls), err
}

var lengths sync.Map // of a fresh site's commands, by subject and arguments

// length is how many counted calls a command makes on a fresh site. It is measured once.
func length(ctx context.Context, sub subject, args []string) (int, error) {
	key := fmt.Sprint(sub, args)
	if n, ok := lengths.Load(key); ok {
		return n.(int), nil
	}
	n, err := trip{args: args}.calls(ctx, sub)
	if err == nil {
		lengths.Store(key, n)
	}
	return n, err
}
