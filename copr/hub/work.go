package hub

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrorctl/copr"
)

// work is one thing to be done: the import of a build, or what comes after the delivery for one of its chroots.
type work struct {
	build  uint64
	chroot copr.Chroot // zero for the import
}

// due says what can be done for a build now. Where its chroots are published together, those that are ready wait for each other.
func due(b *copr.Build, together bool) []work {
	var all []work
	imports, waits, broken := false, false, false
	for _, c := range b.Chroots {
		imports = imports || c.State == copr.Importing
		waits = waits || !c.State.Ended() && c.Step != copr.StepPublish
		broken = broken || c.State == copr.Failed || c.State == copr.Canceled
	}
	if imports {
		return append(all, work{build: b.ID})
	}
	for _, c := range b.Chroots {
		if c.State != copr.Running || c.Result == nil {
			continue
		}
		if together && c.Step == copr.StepPublish && waits && !broken {
			continue
		}
		all = append(all, work{b.ID, c.Chroot})
	}
	return all
}

// desk keeps two workers from one job, and a job that had trouble from being tried at once.
type desk struct {
	mu   sync.Mutex
	jobs map[work]time.Time // not before; zero: somebody is at it
}

// take reports whether w is the caller's to do.
func (d *desk) take(w work, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if notBefore, known := d.jobs[w]; known && (notBefore.IsZero() || now.Before(notBefore)) {
		return false
	}
	d.jobs[w] = time.Time{}
	return true
}

// put gives w back; after trouble, until a time.
func (d *desk) put(w work, notBefore time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if notBefore.IsZero() {
		delete(d.jobs, w)
	} else {
		d.jobs[w] = notBefore
	}
}

// again is how long a step that had trouble is left alone.
const again = 10 * time.Second

// work does what is due, whenever a record has changed.
func (h *Hub) work(ctx context.Context) error {
	var running errgroup.Group
	running.SetLimit(h.Workers)
	defer running.Wait()
	begin := func(b *copr.Build) {
		p, err := h.Project(b.Project)
		for _, w := range due(b, err == nil && p.Publish.AllOrNothing) {
			if h.desk.take(w, h.Now()) {
				running.Go(func() error { h.do(ctx, w); return nil })
			}
		}
	}
	changed := h.Ledger.Watch(ctx) // before the list, so that nothing falls between them
	open := map[uint64]bool{}
	for _, b := range h.Ledger.List(copr.Query{}) {
		if !b.State.Ended() {
			open[b.ID] = true
		}
	}
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		for id := range open { // the first time, and where there was trouble
			if b, err := h.Ledger.Get(ctx, id); err == nil {
				begin(b)
			}
		}
		for waiting := true; waiting; {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-tick.C:
				waiting = false
			case b, ok := <-changed:
				if !ok {
					return context.Cause(ctx)
				}
				if open[b.ID] = true; b.State.Ended() {
					delete(open, b.ID)
				}
				begin(b)
			}
		}
	}
}

// note shows those who wait what keeps a build.
func (h *Hub) note(ctx context.Context, w work, trouble error) {
	err := h.Ledger.Update(ctx, w.build, func(b *copr.Build) error {
		for i := range b.Chroots {
			if c := &b.Chroots[i]; !c.State.Ended() && (w.chroot.IsZero() || w.chroot == c.Chroot) {
				c.Reason = "trouble, and tried again: " + trouble.Error()
			}
		}
		return nil
	})
	if err != nil {
		h.Log.WarnContext(ctx, "a record could not be changed", "build", w.build, "error", err)
	}
}

// do takes one step, and says so where it had trouble.
func (h *Hub) do(ctx context.Context, w work) {
	var err error
	if w.chroot.IsZero() {
		err = h.fetch(ctx, w.build)
	} else {
		err = h.settle(ctx, w.build, w.chroot)
	}
	if err == nil || ctx.Err() != nil {
		h.desk.put(w, time.Time{})
		return
	}
	h.note(ctx, w, err)
	h.Log.ErrorContext(ctx, "a step of a build had trouble and is tried again", "build", w.build, "chroot", w.chroot.String(), "error", err)
	h.desk.put(w, h.Now().Add(again))
}
