package site

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"mirrorctl/mirror"
)

const (
	// followEvery is how often the state document is looked at: a stat, unless it changed.
	followEvery = 200 * time.Millisecond
	// announceEvery keeps a follower's word well inside mirror.FollowerTTL.
	announceEvery = 4 * time.Second
)

// follow keeps the view at the newest state document and tells archivers how far it is.
func (s *Site) follow(ctx context.Context) error {
	poll := time.NewTicker(followEvery)
	defer poll.Stop()
	var announced time.Time
	var told uint64
	failing := false
	for {
		switch err := s.catchUp(ctx); {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !failing:
			s.log.ErrorContext(ctx, "the state document cannot be read; requests are answered by the last one", "error", err)
			failing = true
		case err == nil && failing:
			s.log.InfoContext(ctx, "the state document is readable again")
			failing = false
		}
		if g := s.View().catalog.Generation(); g != told || time.Since(announced) >= announceEvery {
			f := mirror.Follower{ID: s.id, Generation: g, Seen: time.Now().UTC(), LastRoot: s.last.all(), Archive: s.archiveAddress()}
			if err := s.state.Announce(ctx, f); err != nil {
				s.log.ErrorContext(ctx, "archivers cannot be told how far this server follows", "error", err)
			}
			told, announced = g, time.Now()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-poll.C:
		}
	}
}

// archiveAddress is where this server answers for the archive; "" where it does not.
func (s *Site) archiveAddress() string {
	if v := s.View(); v.targets.ArchiveHere() {
		return v.config.ArchiveURL().String()
	}
	return ""
}

// catchUp makes a new view if the state document has moved on.
func (s *Site) catchUp(ctx context.Context) error {
	doc, err := s.state.Load(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	old := s.doc
	s.mu.Unlock()
	if doc.Generation == old.Generation {
		return nil
	}
	// What comes back to the root must be known before requests are sent there.
	for _, r := range old.Sorted() {
		if old.State(r).FromArchive() && !doc.State(r).FromArchive() {
			if err := s.scan(ctx, false); err != nil {
				return err
			}
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if doc.Generation <= s.doc.Generation {
		return nil // another request was faster
	}
	s.doc = doc
	s.log.InfoContext(ctx, "state document followed", "generation", doc.Generation)
	return s.renewLocked()
}

// newest is the view of the newest state document, read now: for a request that found nothing.
func (s *Site) newest(ctx context.Context) *View {
	if err := s.catchUp(ctx); err != nil {
		s.log.ErrorContext(ctx, "the state document cannot be read", "error", err)
	}
	return s.View()
}

// lastRoot remembers when a request was last answered from the root, for each release. An archiver
// waits for it to grow old before it moves anything.
type lastRoot struct {
	times sync.Map // mirror.Release → *atomic.Int64, seconds since 1970
}

func (l *lastRoot) note(r mirror.Release) {
	if r.IsZero() {
		return
	}
	t, ok := l.times.Load(r)
	if !ok {
		t, _ = l.times.LoadOrStore(r, new(atomic.Int64))
	}
	if now, at := time.Now().Unix(), t.(*atomic.Int64); at.Load() != now {
		at.Store(now)
	}
}

func (l *lastRoot) all() map[mirror.Release]time.Time {
	m := map[mirror.Release]time.Time{}
	for r, t := range l.times.Range {
		m[r.(mirror.Release)] = time.Unix(t.(*atomic.Int64).Load(), 0).UTC()
	}
	return m
}
