package site

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrorctl/internal/config"
	"mirrorctl/internal/metric"
	"mirrorctl/internal/web"
	"mirrorctl/mirror"
	"mirrorctl/mirror/index"
	"mirrorctl/repomd/hot"
)

// Site is one running configuration.
type Site struct {
	log     *slog.Logger
	metrics *metric.Set
	edge    *web.Edge
	state   *mirror.FileState
	stateIn string // directory of the state
	id      string // as a follower
	version string
	jobs    *jobs

	root    tree
	archive tree // without a directory where none is configured

	view     atomic.Pointer[View]
	last     lastRoot
	counters counters
	ready    atomic.Bool

	// What writeTorn last wrote; the refresh loop's own.
	torn        []Torn
	tornWritten bool

	mu    sync.Mutex // guards what a new View is made from, and the swap
	index *index.Index
	doc   *mirror.Document
	cfg   *config.Config
}

// Open opens what the configuration names and makes the first View from the index and the state
// document as they were left. It reads no package and no metadata: Run does.
func Open(ctx context.Context, cfg *config.Config, version string, log *slog.Logger, metrics *metric.Set, edge *web.Edge) (_ *Site, err error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("name this host: %w", err)
	}
	s := &Site{log: log, metrics: metrics, edge: edge, cfg: cfg, stateIn: cfg.State, id: fmt.Sprintf("%s-%d", host, os.Getpid()), version: version}
	s.jobs = &jobs{dir: cfg.State, grace: time.Duration(cfg.Archive.Grace), retention: time.Duration(cfg.Archive.Retention)}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.state, err = mirror.OpenFileState(cfg.State); err != nil {
		return nil, err
	}
	budget := hot.NewBudget(int64(cfg.Metadata.Memory))
	open := func(t *tree, dir, name string) error {
		t.name = name
		if t.root, err = os.OpenRoot(dir); err != nil {
			return err
		}
		t.hot, err = hot.New(hot.Options{Dir: filepath.Join(cfg.State, "hot", name), Budget: budget, Keep: time.Duration(cfg.Metadata.Keep)})
		return err
	}
	if err := open(&s.root, cfg.Root, "root"); err != nil {
		return nil, fmt.Errorf("open the root: %w", err)
	}
	if cfg.Archive.Store != "" {
		// A store that is not there yet is no error: the first archive makes it, and a restart serves it.
		if err := open(&s.archive, cfg.Archive.Store, "archive"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("open the archive: %w", err)
		}
	}
	s.archive.manifests = newManifests(cfg.State, cfg.Archive.Store)
	if s.index, err = index.Load(s.indexDir()); err != nil {
		log.InfoContext(ctx, "the root is scanned whole", "why", err)
	}
	if s.doc, err = s.state.Load(ctx); err != nil {
		return nil, err
	}
	s.counters = newCounters(metrics)
	if s.index == nil { // the first start, or a file that could not be used
		if err := s.scan(ctx, true); err != nil {
			return nil, err
		}
	}
	if err := s.renew(); err != nil {
		return nil, err
	}
	s.collect()
	return s, nil
}

// Close gives back what Open took. Nothing may be served any more.
func (s *Site) Close() error {
	var errs []error
	for _, t := range []*tree{&s.root, &s.archive} {
		if t.hot != nil {
			errs = append(errs, t.hot.Close())
		}
		if t.root != nil {
			errs = append(errs, t.root.Close())
		}
	}
	if s.state != nil {
		errs = append(errs, s.state.Close())
	}
	return errors.Join(errs...)
}

// Run keeps the site up to date until ctx ends. The site is ready once every repository was looked at.
func (s *Site) Run(ctx context.Context) error {
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { return s.follow(ctx) })
	all.Go(func() error {
		if err := s.refreshAll(ctx); err != nil {
			return err
		}
		s.ready.Store(true)
		return s.refresh(ctx)
	})
	all.Go(func() error { return s.rescan(ctx) })
	all.Go(func() error { return s.housekeep(ctx) })
	err := all.Wait()
	// The word of a server that has ended must not hold up an archiver for FollowerTTL.
	withdraw := s.state.Withdraw(context.WithoutCancel(ctx), s.id)
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, withdraw)
}

// Ready is nil once requests are answered from verified metadata.
func (s *Site) Ready() error {
	if !s.ready.Load() {
		return errors.New("repositories are still being verified")
	}
	return nil
}

// Reload puts another configuration into force: layout, addresses, lists, calendar, intervals. What the
// process holds open (root, state, archive.store, listeners, the memory budget) stays as it was
// started, and a change of it is an error that leaves everything as it is.
func (s *Site) Reload(cfg *config.Config) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, fixed := range []struct{ key, old, new string }{
		{"root", s.cfg.Root, cfg.Root},
		{"state", s.cfg.State, cfg.State},
		{"archive.store", s.cfg.Archive.Store, cfg.Archive.Store},
	} {
		if fixed.old != fixed.new {
			return fmt.Errorf("%s: %s cannot change from %s to %s while running; restart the service", cfg.File, fixed.key, fixed.old, fixed.new)
		}
	}
	old := s.cfg
	s.cfg = cfg
	if err := s.renewLocked(); err != nil {
		s.cfg = old
		return err
	}
	s.edge.SetProxies(cfg.TrustedProxies)
	return nil
}

// config is the configuration in force.
func (s *Site) config() *config.Config { return s.View().config }

func (s *Site) indexDir() string { return filepath.Join(s.stateIn, "index") }
