package durable

import "sync"

// Group lets many writers share one fsync. Each writes first and calls Sync after;
// Sync returns once an fsync that began after that call has ended. The first failure
// is final: every later call returns it, and the descriptor is not tried again.
type Group struct {
	flush func() error

	mu      sync.Mutex
	wake    sync.Cond
	running bool
	asked   uint64 // tickets handed out
	done    uint64 // tickets covered by an fsync that has ended
	err     error
}

// NewGroup makes a Group around the fsync of one file or directory.
func NewGroup(flush func() error) *Group {
	g := &Group{flush: flush}
	g.wake.L = &g.mu
	return g
}

// Sync makes durable what the caller wrote before.
func (g *Group) Sync() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked++
	ticket := g.asked
	for g.err == nil && g.done < ticket {
		if g.running { // that fsync may have begun before our write: wait, then look again
			g.wake.Wait()
			continue
		}
		g.running = true
		covers := g.asked
		g.mu.Unlock()
		err := g.flush()
		g.mu.Lock()
		g.running = false
		if g.err = err; err == nil {
			g.done = covers
		}
		g.wake.Broadcast()
	}
	return g.err
}
