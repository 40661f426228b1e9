package forge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"mirrorctl/copr"
	"mirrorctl/copr/console"
	"mirrorctl/copr/dock"
	"mirrorctl/copr/frontend"
	"mirrorctl/copr/hub"
	"mirrorctl/copr/notify"
	"mirrorctl/copr/queue"
	"mirrorctl/copr/results"
	"mirrorctl/copr/sign"
	"mirrorctl/internal/config"
	"mirrorctl/internal/durable"
	"mirrorctl/internal/metric"
	"mirrorctl/mirror"
)

// Forge is a running hub.
type Forge struct {
	cfg      *config.Config
	log      *slog.Logger
	places   places
	site     Site
	keys     *dock.Keys
	queue    *queue.Queue
	dock     *dock.Dock
	signer   *sign.Client
	tree     *results.Tree
	hub      *hub.Hub
	frontend *frontend.Frontend
	builders *dock.Handler
	crew     *Crew // nil where all builders are elsewhere
	upstream *follower
	metrics  *metric.Set
	notifier *notify.Notifier
}

// Site is the service beside which the hub runs.
type Site interface {
	hub.Releases
	Catalog() *mirror.Catalog
	// Rescan looks for new repositories in the root.
	Rescan(ctx context.Context) error
}

// places are where things lie below the state directory.
type places struct{ dir string }

// Dir is the hub's directory in a state directory.
func Dir(state string) string { return filepath.Join(state, "copr") }

// Console is the socket on which the hub of a state directory answers operators.
func Console(state string) string { return filepath.Join(Dir(state), "console.sock") }

func (p places) at(name string) string { return filepath.Join(p.dir, name) }

// srpm is the directory of the source package of a build.
func (p places) srpm(build uint64) string { return p.at(filepath.Join("srpm", fmt.Sprint(build))) }

func (p places) uploads() uploads { return uploads{p.at("uploads")} }

// Open opens what the configuration names and reads the declarations. Nothing runs before Run.
func Open(ctx context.Context, cfg *config.Config, site Site, metrics *metric.Set, log *slog.Logger) (_ *Forge, err error) {
	f := &Forge{cfg: cfg, log: log, places: places{Dir(cfg.State)}, site: site, metrics: metrics}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open the rebuild hub: %w", err), f.Close())
		}
	}()
	for _, dir := range []string{f.places.dir, f.places.at("work"), f.places.at("staging"), f.places.at("srpm"), f.places.uploads().dir} {
		if err := durable.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	projects, err := Declared(cfg)
	if err != nil {
		return nil, err
	}
	if f.keys, err = dock.OpenKeys(Builders(cfg)); err != nil {
		return nil, err
	}
	f.queue, err = queue.Open(ctx, queue.Config{Dir: f.places.at("queue"), Listen: cfg.Copr.Listen, Keys: f.keys, URL: cfg.Copr.Queue, Log: log})
	if err != nil {
		return nil, err
	}
	ledger := f.queue.Ledger()
	if f.dock, err = dock.Open(dock.Config{Dir: f.places.dir, Ledger: ledger, Log: log}); err != nil {
		return nil, err
	}
	if err := f.dock.Recover(ctx); err != nil {
		return nil, err
	}
	f.signer = &sign.Client{Socket: Signer(cfg)}
	f.tree = results.New(results.Options{Root: cfg.Root, Signer: f.signer})
	importer, err := newImporter(cfg, f.places)
	if err != nil {
		return nil, err
	}
	if f.upstream, err = newUpstream(cfg, f.places); err != nil {
		return nil, err
	}
	f.hub = hub.New(projects, hub.Options{
		Ledger: ledger, Importer: importer, Inbox: inbox{f.dock, ledger}, Checker: &checker{targets: cfg.Copr.Targets}, Signer: &signer{client: f.signer, places: f.places},
		Tree: f.tree, Releases: site, Upstream: f.upstream, Staging: f.places.at("staging"), Log: log,
	})
	if err := f.front(); err != nil {
		return nil, err
	}
	if f.notifier, err = newNotifier(cfg, f.places, ledger, log); err != nil {
		return nil, err
	}
	if cfg.Copr.Builders > 0 {
		host, _ := os.Hostname()
		if f.crew, err = NewCrew(cfg, host, log); err != nil {
			return nil, err
		}
	}
	f.collect()
	return f, nil
}

// Close gives back what Open took.
func (f *Forge) Close() error {
	if f.queue == nil {
		return nil
	}
	return f.queue.Close()
}

// Run runs the hub until ctx ends.
func (f *Forge) Run(ctx context.Context) error {
	loops, ctx := errgroup.WithContext(ctx)
	loops.Go(func() error { return f.runSigner(ctx) })
	loops.Go(func() error { return f.hub.Run(ctx) })
	loops.Go(func() error {
		return (&queue.Scheduler{Queue: f.queue, Composer: composer{f.hub, f.cfg}, Log: f.log}).Run(ctx)
	})
	loops.Go(func() error {
		s := console.Server{Hub: orders{f.hub, f.queue}, Records: f.queue.Ledger(), Logs: f, Builders: f, Log: f.log}
		return s.Serve(ctx, Console(f.cfg.State))
	})
	loops.Go(func() error { return f.housekeep(ctx) })
	loops.Go(func() error { return f.count(ctx) })
	loops.Go(func() error { return f.notifier.Run(ctx) })
	if f.crew != nil {
		tasks, err := f.queue.Tasks(f.crew.Arches)
		if err != nil {
			return err
		}
		side := f.dock.For(f.crew.Name, f.crew.Arches)
		loops.Go(func() error { return f.crew.Run(ctx, tasks, side, side) })
	}
	if err := loops.Wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// Reload puts the declarations that stand in the files now into force, or keeps those that are.
func (f *Forge) Reload() error {
	projects, err := Declared(f.cfg)
	if err == nil {
		f.hub.Declare(projects)
	}
	return err
}

// Projects are the declared projects.
func (f *Forge) Projects() []copr.Project { return f.hub.Projects() }
