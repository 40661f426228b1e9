package console

import (
	"context"
	"io"
	"iter"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/hub"
)

// Hub takes orders.
type Hub interface {
	Projects() []copr.Project
	Submit(ctx context.Context, o hub.Order) (copr.Build, error)
	Cancel(ctx context.Context, id uint64, who string) (copr.Build, error)
	Retry(ctx context.Context, id uint64, chroots []copr.Chroot) (copr.Build, error)
	Promote(ctx context.Context, id uint64, chroots []copr.Chroot) (copr.Build, error)
}

// Records are the builds that were ordered.
type Records interface {
	Get(ctx context.Context, id uint64) (copr.Build, error)
	// Select lists builds, newest first.
	Select(ctx context.Context, q Query) ([]copr.Build, error)
	// Follow yields a build now and after each change, until it has ended.
	Follow(ctx context.Context, id uint64) iter.Seq2[copr.Build, error]
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
	Name   string    `json:"name"`
	Arches []string  `json:"arches"`
	Seen   time.Time `json:"seen"`
	Tasks  []string  `json:"tasks,omitempty"` // what it is at: copr.Task.ID
}

// Query picks builds.
type Query struct {
	Project copr.ProjectName // zero: all
	Package string
	State   copr.State
	Before  uint64 // ids below this one; 0: all
	Limit   int
}
