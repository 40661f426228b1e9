package worker_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"mirrorctl/copr"
)

// What the hub costs a build: from the record to the delivered result, over HTTP, of a package that takes no time. Each step
// is on disk before the next begins.
func TestOverhead(t *testing.T) {
	s := newStand(t, func(_ context.Context, _ copr.Task, w copr.Workspace) (copr.Outcome, error) {
		return copr.Outcome{}, leave(w, "a.rpm", "x")
	})
	_, stop := s.start(t)
	var c copr.BuildChroot
	s.until(t, delivered)
	var took []time.Duration
	for range 20 {
		begin := time.Now()
		id, err := s.submit(t)
		if err != nil {
			t.Fatal(err)
		}
		c = s.of(t, id, delivered)
		took = append(took, time.Since(begin))
	}
	stop()
	slices.Sort(took)
	t.Logf("20 builds one after the other: median %s, worst %s; the builder says %s", took[10], took[19], c.Result.Took)
}
