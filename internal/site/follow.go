package site

import (
	"context"
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
		err := s.openStore(ctx)
		if err == nil {
			err = s.catchUp(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !failing:
			s.log.ErrorContext(ctx, "the state document cannot be followed; requests are answered by the last one", "error", err)
			failing = true
		case err == nil && failing:
			s.log.InfoContext(ctx, "the state document is followed again")
			failing = false
		}
		if g := s.View().doc.Generation; g != told || time.Since(announced) >= announceEvery {
			f := mirror.Follower{ID: s.id, Generation: g, Seen: time.Now().UTC(), LastRoot: s.last.all(), Archive: s.archiveAddress()}
			if err := s.state.Announce(ctx, f); err != nil && ctx.Err() == nil {
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
	if s.storeIn == "" {
		return ""
	}
	return s.Config().ArchiveURL().String()
}

// catchUp makes a new view if the state document is another than the one that the view has. Nearly always it
// costs one stat.
func (s *Site) catchUp(ctx context.Context) error {
	if doc, err := s.state.Load(ctx); err != nil || follows(s.View(), doc) {
		return err
	}
	done, err := s.following.take(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := s.openStore(ctx); err != nil {
		return err // who does not hold the archive must not be taken for one who answers from it
	}
	// Read again, for somebody else may have had the turn: it is the order of turns that keeps views from going back.
	doc, err := s.state.Load(ctx)
	old := s.View()
	if err != nil || follows(old, doc) {
		return err
	}
	if doc.Generation < old.doc.Generation {
		// Whoever put an old document back means it. Archivers go on from there, and count on us to follow.
		s.log.WarnContext(ctx, "the state document went back", "from", old.doc.Generation, "to", doc.Generation)
	}
	// What comes back to the root must be known before requests are sent there.
	for _, r := range old.doc.Sorted() {
		if old.doc.State(r).FromArchive() && !doc.State(r).FromArchive() {
			if _, err := s.scan(ctx); err != nil {
				return err
			}
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.doc
	s.doc = doc
	if err := s.renewLocked(); err != nil {
		s.doc = before
		return err
	}
	s.log.InfoContext(ctx, "state document followed", "generation", doc.Generation)
	return nil
}

// follows reports whether a view is made from doc. The store gives the same one as long as nothing was written, and a
// new one each time where nothing was ever written.
func follows(v *View, doc *mirror.Document) bool {
	return v.doc == doc || v.doc.Generation == 0 && doc.Generation == 0
}

// newest is the view of the newest state document, read now: for a request that found nothing. Why a document cannot be
// read, follow says; the request is answered by the last one.
func (s *Site) newest(ctx context.Context) *View {
	_ = s.catchUp(ctx)
	return s.View()
}
