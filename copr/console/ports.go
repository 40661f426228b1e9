package console

import (
	"context"
	"io"

	"mirrorctl/copr"
)

// Hub takes orders.
type Hub interface {
	Projects() []copr.Project
	Submit(ctx context.Context, o copr.Order) (*copr.Build, error)
	Cancel(ctx context.Context, id uint64, who string) (*copr.Build, error)
	Retry(ctx context.Context, id uint64, chroots []copr.Chroot) (*copr.Build, error)
	Promote(ctx context.Context, id uint64, chroots []copr.Chroot) (*copr.Build, error)
}

// Records are the builds that were ordered; copr/queue has them.
type Records interface {
	Get(ctx context.Context, id uint64) (*copr.Build, error)
	// List returns records, newest first. They are shared: read only.
	List(q copr.Query) []*copr.Build
	// Watch tells of every build that changes, until ctx ends.
	Watch(ctx context.Context) <-chan *copr.Build
}

// Logs are what builders wrote.
type Logs interface {
	// Open reads the log of a chroot as text; with follow, until the chroot has ended.
	Open(ctx context.Context, id uint64, c copr.Chroot, follow bool) (io.ReadCloser, error)
}

// Builders are those who ask for work.
type Builders interface {
	Builders(ctx context.Context) ([]Builder, error)
}

// Builder is one process that builds.
type Builder struct {
	Name   string   `json:"name"`
	Arches []string `json:"arches"`
	Tasks  []string `json:"tasks,omitempty"` // what it is at: copr.Task.ID
}
