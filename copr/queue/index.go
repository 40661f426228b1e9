package queue

import (
	"context"
	"slices"
	"sync"

	"mirrorctl/copr"
)

// index holds every record in memory. A record in it never changes: a newer one takes its place.
type index struct {
	mu       sync.RWMutex // of all below
	at       map[uint64]entry
	ids      []uint64 // ascending
	open     map[uint64]struct{}
	watchers map[*watcher]struct{}
	closed   bool
}

type entry struct {
	build *copr.Build
	rev   uint64
}

func newIndex() *index {
	return &index{at: map[uint64]entry{}, open: map[uint64]struct{}{}, watchers: map[*watcher]struct{}{}}
}

// put takes a record unless a newer one is there.
func (x *index) put(b *copr.Build, rev uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	old, had := x.at[b.ID]
	if had && old.rev >= rev {
		return
	}
	x.at[b.ID] = entry{b, rev}
	if !had {
		i, _ := slices.BinarySearch(x.ids, b.ID)
		x.ids = slices.Insert(x.ids, i, b.ID)
	}
	if b.State.Ended() {
		delete(x.open, b.ID)
	} else {
		x.open[b.ID] = struct{}{}
	}
	for w := range x.watchers {
		w.add(b)
	}
}

// List returns records, newest first. They are shared: read only.
func (l *Ledger) List(q copr.Query) []*copr.Build {
	x := l.index
	x.mu.RLock()
	defer x.mu.RUnlock()
	end := len(x.ids)
	if q.Before != 0 {
		end, _ = slices.BinarySearch(x.ids, q.Before)
	}
	var found []*copr.Build
	for i := end - 1; i >= 0 && (q.Limit == 0 || len(found) < q.Limit); i-- {
		if b := x.at[x.ids[i]].build; q.Matches(b) {
			found = append(found, b)
		}
	}
	return found
}

// Open returns the records of builds that have not ended, oldest first. They are shared: read only.
func (l *Ledger) Open() []*copr.Build {
	x := l.index
	x.mu.RLock()
	defer x.mu.RUnlock()
	all := make([]*copr.Build, 0, len(x.open))
	for id := range x.open {
		all = append(all, x.at[id].build)
	}
	slices.SortFunc(all, func(a, b *copr.Build) int { return int(int64(a.ID) - int64(b.ID)) })
	return all
}

// Watch sends every build that changes from now on, until ctx ends; then the channel is closed. To a reader that is
// slower than the changes it sends the newest record of each build, once: what waits for it never outgrows the records.
// Whoever wants what was before calls Watch first and List then. The records are shared: read only.
func (l *Ledger) Watch(ctx context.Context) <-chan *copr.Build {
	w := &watcher{changed: map[uint64]*copr.Build{}, wake: make(chan struct{}, 1)}
	x := l.index
	x.mu.Lock()
	if x.closed {
		w.end()
	} else {
		x.watchers[w] = struct{}{}
	}
	x.mu.Unlock()
	out := make(chan *copr.Build)
	go func() {
		defer close(out)
		defer func() {
			x.mu.Lock()
			delete(x.watchers, w)
			x.mu.Unlock()
		}()
		w.run(ctx, out)
	}()
	return out
}

func (x *index) close() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closed = true
	for w := range x.watchers {
		w.end()
	}
}
