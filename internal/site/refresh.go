package site

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrorctl/internal/metric"
	"mirrorctl/repomd/hot"
)

// maxBackoff bounds how long a broken repository waits for its next look. A torn publish mends itself
// within seconds, a broken one is read whole at each look.
const maxBackoff = 30 * time.Second

// refresh looks at every repository again and again. After the first time the site is ready.
func (s *Site) refresh(ctx context.Context) error {
	w := waits{of: map[string]backoff{}}
	for {
		if err := s.refreshAll(ctx, &w); err != nil {
			return err
		}
		if err := s.writeTorn(); err != nil {
			s.log.ErrorContext(ctx, "the status command will not know of broken repositories", "error", err)
		}
		s.ready.Store(true)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(s.Config().Metadata.Refresh)):
		}
	}
}

// refreshAll looks at every repository that is due, several at a time: one that is large or on a slow disk must
// not keep the others from being seen.
func (s *Site) refreshAll(ctx context.Context, w *waits) error {
	var all errgroup.Group
	all.SetLimit(2 * runtime.GOMAXPROCS(0))
	v, now := s.View(), time.Now()
	for _, t := range s.trees() {
		for _, dir := range v.repositoriesIn(t) {
			key := t.name + "/" + dir
			if !w.due(key, now) {
				continue
			}
			all.Go(func() error {
				err := s.load(ctx, t, dir)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				w.note(key, err != nil, now)
				return nil
			})
		}
	}
	return all.Wait()
}

// repositoriesIn lists what to look at: in the root what is served from it, in the archive what is served from there.
func (v *View) repositoriesIn(t *tree) []string {
	if t.name == archiveTree {
		return v.inStore
	}
	return v.inRoot
}

// waits are the repositories that were broken at the last look, and when the next is due.
type waits struct {
	mu sync.Mutex
	of map[string]backoff
}

type backoff struct {
	until time.Time
	wait  time.Duration
}

func (w *waits) due(key string, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !now.Before(w.of[key].until)
}

func (w *waits) note(key string, broken bool, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !broken {
		delete(w.of, key)
		return
	}
	wait := min(max(250*time.Millisecond, w.of[key].wait*2), maxBackoff)
	w.of[key] = backoff{now.Add(wait), wait}
}

// load looks at one repository and says so when it begins or ceases to be broken.
func (s *Site) load(ctx context.Context, t *tree, dir string) error {
	changed, err := t.hot.Load(ctx, t.dir.FS(), dir)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	news := s.counters.broken(t.name+"/"+dir, err != nil)
	if err != nil {
		if id := s.View().catalog.Resolve(pathOf(dir)).Repo; id.Name != "" {
			s.metrics.Counter(metric.RepoFailures, id.Name, id.Arch).Inc()
		}
		if news {
			reason := "error"
			if broken := (*hot.Error)(nil); errors.As(err, &broken) {
				reason = string(broken.Reason)
			}
			s.log.WarnContext(ctx, "repository is not whole; the generation before goes on being served", "tree", t.name, "dir", dir, "reason", reason, "error", err)
		}
		return err
	}
	if news {
		s.log.InfoContext(ctx, "repository is whole again", "tree", t.name, "dir", dir)
	}
	if changed {
		s.log.DebugContext(ctx, "new generation in service", "tree", t.name, "dir", dir)
	}
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
		v := s.View()
		for _, t := range s.trees() {
			t.hot.Retain(v.repositoriesIn(t))
			if err := t.hot.Prune(time.Now()); err != nil {
				s.log.ErrorContext(ctx, "old generations could not be dropped", "tree", t.name, "error", err)
			}
		}
	}
}
