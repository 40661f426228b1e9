package site

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrorctl/mirror"
	"mirrorctl/mirror/index"
	"mirrorctl/repomd/hot"
)

// maxBackoff bounds how long a broken repository waits for its next look. A torn publish mends itself
// within seconds, a broken one is read whole at each look.
const maxBackoff = 30 * time.Second

// refresh looks at every repository again and again.
func (s *Site) refresh(ctx context.Context) error {
	waits := map[string]backoff{}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(s.config().Metadata.Refresh)):
		}
		if err := s.writeTorn(); err != nil {
			s.log.ErrorContext(ctx, "the status command will not know of broken repositories", "error", err)
		}
		now := time.Now()
		for t, dirs := range s.repositories() {
			for _, dir := range dirs {
				key := t.name + "/" + dir
				if w, waiting := waits[key]; waiting && now.Before(w.until) {
					continue
				}
				err := s.load(ctx, t, dir)
				switch {
				case ctx.Err() != nil:
					return ctx.Err()
				case err == nil:
					delete(waits, key)
				default:
					waits[key] = waits[key].next(now)
				}
			}
		}
	}
}

type backoff struct {
	until time.Time
	wait  time.Duration
}

func (b backoff) next(now time.Time) backoff {
	b.wait = min(max(250*time.Millisecond, b.wait*2), maxBackoff)
	return backoff{now.Add(b.wait), b.wait}
}

// refreshAll looks at every repository once, several at a time: at the start.
func (s *Site) refreshAll(ctx context.Context) error {
	var all errgroup.Group
	all.SetLimit(2 * runtime.GOMAXPROCS(0))
	for t, dirs := range s.repositories() {
		for _, dir := range dirs {
			all.Go(func() error {
				s.load(ctx, t, dir) // what is wrong with it stands in its status
				return ctx.Err()
			})
		}
	}
	return all.Wait()
}

// load looks at one repository and says so when it begins or ceases to be broken.
func (s *Site) load(ctx context.Context, t *tree, dir string) error {
	changed, err := t.hot.Load(ctx, t.root.FS(), dir)
	var broken *hot.Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &broken):
		if s.counters.broken(t.name+"/"+dir, true) {
			s.log.WarnContext(ctx, "repository is not whole; the generation before goes on being served", "tree", t.name, "dir", dir, "reason", broken.Reason, "error", err)
		}
		return err
	case err != nil:
		return err
	}
	if s.counters.broken(t.name+"/"+dir, false) {
		s.log.InfoContext(ctx, "repository is whole again", "tree", t.name, "dir", dir)
	}
	if changed {
		s.log.DebugContext(ctx, "new generation in service", "tree", t.name, "dir", dir)
	}
	return nil
}

// repositories lists what to look at: in the root what is served from it, in the archive what is served from there.
func (s *Site) repositories() map[*tree][]string {
	v := s.View()
	dirs := map[*tree][]string{&s.root: v.inRoot}
	if s.archive.root != nil {
		dirs[&s.archive] = v.inStore
	}
	return dirs
}

// rescan searches the root for what is new, now and then.
func (s *Site) rescan(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(s.config().Metadata.Rescan)):
		}
		if err := s.Rescan(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "the root could not be scanned; its last index stays", "error", err)
		}
	}
}

// Rescan searches the root now and makes a new view.
func (s *Site) Rescan(ctx context.Context) error {
	if err := s.scan(ctx, false); err != nil {
		return err
	}
	return s.renew()
}

// scan brings the index up to date and keeps it.
func (s *Site) scan(ctx context.Context, full bool) error {
	s.mu.Lock()
	prev := s.index
	s.mu.Unlock()
	if full {
		prev = nil
	}
	next, stats, err := index.Scan(ctx, s.root.root, prev, index.Options{})
	if err != nil {
		return err
	}
	if err := index.Save(s.indexDir(), next); err != nil {
		return err
	}
	s.mu.Lock()
	s.index = next
	s.mu.Unlock()
	s.log.DebugContext(ctx, "root scanned", "stats", stats)
	return nil
}

// housekeep drops what nobody can still ask for.
func (s *Site) housekeep(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Minute):
		}
		dirs := s.repositories()
		for _, t := range []*tree{&s.root, &s.archive} {
			if t.hot == nil {
				continue
			}
			t.hot.Retain(dirs[t])
			if err := t.hot.Prune(time.Now()); err != nil {
				s.log.ErrorContext(ctx, "old generations could not be dropped", "tree", t.name, "error", err)
			}
		}
	}
}

// generations are those of a repository, from the tree that answers for it or, while that one
// has not been looked at since the release moved, from the other: both hold the same bytes.
func (s *Site) generations(dir mirror.Path, archive bool) []hot.Generation {
	trees := []*tree{&s.root, &s.archive}
	if archive {
		slices.Reverse(trees)
	}
	for _, t := range trees {
		if t.hot != nil {
			if g := t.hot.Generations(dir.FS()); len(g) > 0 {
				return g
			}
		}
	}
	return nil
}
