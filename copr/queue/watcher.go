package queue

import (
	"context"
	"sync"

	"mirrorctl/copr"
)

// watcher keeps what one reader has not read.
type watcher struct {
	mu      sync.Mutex // of changed, order, ended
	changed map[uint64]*copr.Build
	order   []uint64 // of first change; each in changed once
	ended   bool
	wake    chan struct{}
}

func (w *watcher) add(b *copr.Build) {
	w.mu.Lock()
	if _, waits := w.changed[b.ID]; !waits {
		w.order = append(w.order, b.ID)
	}
	w.changed[b.ID] = b
	w.mu.Unlock()
	w.poke()
}

func (w *watcher) end() {
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	w.poke()
}

func (w *watcher) poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// take returns the change that waits longest; nil where none does.
func (w *watcher) take() (b *copr.Build, ended bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.order) == 0 {
		return nil, w.ended
	}
	id := w.order[0]
	w.order = w.order[1:]
	b = w.changed[id]
	delete(w.changed, id)
	return b, w.ended
}

func (w *watcher) run(ctx context.Context, out chan<- *copr.Build) {
	for {
		b, ended := w.take()
		if b == nil {
			if ended {
				return
			}
			select {
			case <-w.wake:
				continue
			case <-ctx.Done():
				return
			}
		}
		select {
		case out <- b:
		case <-ctx.Done():
			return
		}
	}
}
