package upstream

import (
	"context"

	"mirrorctl/copr"
	"mirrorctl/internal/egress"
)

// Target is a package whose upstream is watched.
type Target struct {
	Project copr.ProjectName
	Package string
	Watch   copr.Watch
	Version string // what is declared or built already: only what is newer is found
}

// Found is a version that upstream has and Target does not.
type Found struct {
	Target  Target
	Version string
}

// Options of a Watcher.
type Options struct {
	Client  *egress.Client
	State   string   // file that keeps ETags, times and versions
	Allowed []string // directories below which Watch.Directory may lie
	GitHub  string   // default https://api.github.com
	Anitya  string   // default https://release-monitoring.org
	Token   string   // of GitHub; optional, it raises the limit of requests
}

// Watcher asks upstreams.
type Watcher struct{ o Options }

// New makes a watcher, and reads the state that the last one left.
func New(o Options) (*Watcher, error) { return &Watcher{o}, nil }

// Run watches the targets until ctx ends and sends what it finds. It logs what could not be asked, and goes on.
func (w *Watcher) Run(ctx context.Context, targets []Target, found chan<- Found) error { panic("todo") }

// Check asks the upstream of t now. Version is its newest, "" where none is newer than t.Version and what Seen was told.
func (w *Watcher) Check(ctx context.Context, t Target) (version string, err error) { panic("todo") }

// Seen records that version of t has been acted upon, so that it is not found again.
func (w *Watcher) Seen(t Target, version string) error { panic("todo") }
