package site

import (
	"context"
	"errors"
	"fmt"
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
	storeIn string      // directory of the archive; "" where there is none
	hot     hot.Options // of both trees, but for the directory
	jobs    jobs

	root    *tree
	store   atomic.Pointer[tree] // nil while there is none; see openStore
	opening sync.Mutex           // the store

	view      atomic.Pointer[View]
	last      lastRoot
	manifests manifests
	counters  counters
	ready     atomic.Bool

	// What writeTorn last wrote; the refresh loop's own.
	torn        []Torn
	tornWritten bool

	// Those who hold two take them in this order.
	following turn // reads the state document and takes its changes over
	scanning  turn // brings the index up to date

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
	s := &Site{
		log: log, metrics: metrics, edge: edge, cfg: cfg, stateIn: cfg.State, storeIn: cfg.Archive.Store, version: version,
		id: fmt.Sprintf("%s-%d", host, os.Getpid()), jobs: jobs{dir: cfg.State, log: log},
		hot:       hot.Options{Budget: hot.NewBudget(int64(cfg.Metadata.Memory)), Keep: time.Duration(cfg.Metadata.Keep)},
		manifests: manifests{state: cfg.State, log: log}, counters: newCounters(metrics),
		following: newTurn(), scanning: newTurn(),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.state, err = mirror.OpenFileState(cfg.State); err != nil {
		return nil, err
	}
	if s.root, err = s.openTree(rootTree, cfg.Root); err != nil {
		return nil, fmt.Errorf("open the root: %w", err)
	}
	if err := s.openStore(ctx); err != nil {
		return nil, err
	}
	if s.index, err = index.Load(s.indexDir()); err != nil {
		log.InfoContext(ctx, "the root is scanned whole", "why", err)
		if _, err := s.scan(ctx); err != nil {
			return nil, err
		}
	}
	if s.doc, err = s.state.Load(ctx); err != nil {
		return nil, err
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
	for _, t := range s.trees() {
		errs = append(errs, t.close())
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
	all.Go(func() error { return s.refresh(ctx) })
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

func (s *Site) indexDir() string { return filepath.Join(s.stateIn, "index") }

// turn lets one at a time do what takes long. Those who wait for theirs may give up.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) take(ctx context.Context) (release func(), err error) {
	select {
	case t <- struct{}{}:
		return func() { <-t }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
