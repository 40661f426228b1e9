package hub

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrorctl/copr"
)

// Options are what a Hub is made of. All ports are required but Upstream.
type Options struct {
	Ledger   Ledger
	Importer Importer
	Inbox    Inbox
	Checker  Checker
	Signer   Signer
	Tree     Tree
	Releases Releases
	Upstream Upstream // nil: nobody watches for new versions

	// Staging is a directory of the hub's own for packages that are signed and not yet published.
	Staging string
	// Workers is how many steps are taken at once. Default 2.
	Workers int
	// Now is the clock. Default time.Now.
	Now func() time.Time
	Log *slog.Logger
}

// Hub leads builds to their end.
type Hub struct {
	Options
	projects atomic.Pointer[[]copr.Project]
	desk     desk
	joint    sync.Mutex // held while chroots are published together
}

// New makes a Hub for the declared projects.
func New(projects []copr.Project, o Options) *Hub {
	if o.Workers == 0 {
		o.Workers = 2
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	h := &Hub{Options: o, desk: desk{jobs: map[work]time.Time{}}}
	h.Declare(projects)
	return h
}

// Declare puts other declarations into force. Builds of a package that is declared no more fail at their next step.
func (h *Hub) Declare(projects []copr.Project) { h.projects.Store(&projects) }

// Projects are the declared projects.
func (h *Hub) Projects() []copr.Project { return *h.projects.Load() }

// Project finds a project.
func (h *Hub) Project(name copr.ProjectName) (copr.Project, error) {
	for _, p := range h.Projects() {
		if p.Name == name {
			return p, nil
		}
	}
	return copr.Project{}, &UnknownError{"project", name.String()}
}

// Package finds a package and its project.
func (h *Hub) Package(name copr.ProjectName, pkg string) (copr.Project, copr.Package, error) {
	p, err := h.Project(name)
	if err != nil {
		return copr.Project{}, copr.Package{}, err
	}
	for _, k := range p.Packages {
		if k.Name == pkg {
			return p, k, nil
		}
	}
	return copr.Project{}, copr.Package{}, &UnknownError{"package", name.String() + "/" + pkg}
}

// Intervals of the loops: changes of records are seen at once; this is for steps that had trouble, and for the clock's own.
const (
	sweepEvery   = 5 * time.Second
	promoteEvery = 10 * time.Second
)

// Run takes the steps that are due until ctx ends.
func (h *Hub) Run(ctx context.Context) error {
	loops, ctx := errgroup.WithContext(ctx)
	loops.Go(func() error { return h.work(ctx) })
	loops.Go(func() error { return every(ctx, promoteEvery, h.promoteRipe) })
	if h.Upstream != nil {
		loops.Go(func() error { return h.follow(ctx) })
	}
	if err := loops.Wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// every runs do now and then.
func every(ctx context.Context, interval time.Duration, do func(context.Context)) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		do(ctx)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
