package forge

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"mirrorctl/copr"
	"mirrorctl/copr/gate"
	"mirrorctl/copr/mock"
	"mirrorctl/copr/rpmbuild"
	"mirrorctl/copr/vm"
	"mirrorctl/copr/worker"
	"mirrorctl/internal/config"
)

// Crew are the builders of one process: here beside the hub, or on another machine.
type Crew struct {
	Name   string
	Arches []string
	worker *worker.Worker
}

// NewCrew makes the builders that the configuration describes.
func NewCrew(cfg *config.Config, name string, log *slog.Logger) (*Crew, error) {
	dir := filepath.Join(Dir(cfg.State), "work")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	crew := &Crew{Name: name, Arches: arches(cfg)}
	crew.worker = &worker.Worker{Name: name, Builder: builder(cfg), Dir: dir, Log: log, Jobs: max(1, cfg.Copr.Builders)}
	g := gate.Config{Scratch: dir, Repositories: repositories(cfg), NoKernel: cfg.Copr.NoKernel}
	if cfg.Copr.VM != "" {
		g.VMs = &vm.Machines{Cache: cfg.Copr.VM}
	}
	crew.worker.Gates = []worker.Gate{gate.New(g)}
	return crew, nil
}

// Run builds until ctx ends. It is called once.
func (c *Crew) Run(ctx context.Context, tasks worker.Tasks, lease worker.Lease, dock worker.Dock) error {
	c.worker.Tasks, c.worker.Lease, c.worker.Dock = tasks, lease, dock
	return c.worker.Run(ctx)
}

// repositories are the targets' as dnf wants them.
func repositories(cfg *config.Config) map[string][]string {
	all := map[string][]string{}
	for target, dirs := range cfg.Copr.Targets {
		for _, d := range dirs {
			all[target] = append(all[target], "file://"+d)
		}
	}
	return all
}

// machine is this machine's architecture, as rpm calls it.
func machine() string {
	names := map[string]string{"amd64": "x86_64", "arm64": "aarch64", "ppc64le": "ppc64le", "s390x": "s390x"}
	return names[runtime.GOARCH]
}

// arches are those that this process builds for.
func arches(cfg *config.Config) []string {
	if len(cfg.Copr.Arches) > 0 {
		return cfg.Copr.Arches
	}
	has := map[string]bool{machine(): true}
	for name := range cfg.Copr.Buildroots {
		if c, err := copr.ParseChroot(name); err == nil {
			name = c.Arch
		}
		has[name] = true
	}
	return slices.Sorted(maps.Keys(has))
}

// builder is what the configuration chose.
func builder(cfg *config.Config) copr.Builder {
	if cfg.Copr.Builder == "mock" {
		return &mock.Builder{Targets: mockTargets(repositories(cfg))}
	}
	b := &rpmbuild.Builder{Roots: map[string]rpmbuild.Root{}}
	for name, root := range cfg.Copr.Buildroots {
		r := rpmbuild.Root{Path: root}
		if cross, ok := rpmbuild.DebianCross[name]; ok && name != machine() {
			r.Cross = &cross
		}
		b.Roots[name] = r
	}
	return b
}

// mockTargets are what mock makes buildroots from: the distributions' repositories on this machine. Their signatures were
// for whoever copied them; modular filtering would hide packages of EL 8 and 9.
func mockTargets(repositories map[string][]string) map[string]mock.Target {
	all := map[string]mock.Target{}
	for target, urls := range repositories {
		var t mock.Target
		for i, url := range urls {
			t.Repositories = append(t.Repositories, mock.Repository{ID: fmt.Sprintf("%s-%d", target, i), BaseURL: url, Hotfix: true})
		}
		all[target] = t
	}
	return all
}
