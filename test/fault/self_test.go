//go:build linux && (amd64 || arm64)

package fault_test

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mirrorctl/test/fault/understudy"
)

// The campaign passes a program that does all of it rightly.
func TestKillPassesTheRight(t *testing.T) {
	sweepAll(t, understudyWith(t, ""), killed, time.Second)
}

// And it catches each flaw of one that does not.
func TestKillCatchesTheWrong(t *testing.T) {
	for _, flaw := range slices.Sorted(maps.Keys(understudy.Flaws)) {
		i := slices.IndexFunc(trips, func(tr trip) bool { return tr.name == understudy.Flaws[flaw] })
		if i < 0 {
			continue
		}
		t.Run(flaw, func(t *testing.T) {
			points, found := hunt(t, understudyWith(t, flaw), trips[i], killed)
			if found == "" {
				t.Fatalf("not caught in %d points", points)
			}
			t.Logf("caught by point %d: %s", points, found)
		})
	}
}

// hunt makes points of a trip until one violates something, and says what.
func hunt(t *testing.T, sub subject, tr trip, j judge) (points int, found string) {
	t.Helper()
	calls, err := tr.calls(t.Context(), sub)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var made atomic.Int64
	var wg sync.WaitGroup
	next := order(calls)
	for range workers {
		wg.Go(func() {
			for {
				mu.Lock()
				n, ok := next()
				ok = ok && found == ""
				mu.Unlock()
				if !ok {
					return
				}
				made.Add(1)
				v, err := j(t.Context(), sub, tr, n)
				mu.Lock()
				if err != nil {
					t.Error(err)
				} else if wrong := append(v.violations, v.litter...); len(wrong) > 0 && found == "" {
					v.violations = wrong
					found = v.String()
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return int(made.Load()), found
}
