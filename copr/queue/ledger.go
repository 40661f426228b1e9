package queue

import (
	"context"

	"mirrorctl/copr"
)

// Ledger keeps the records of builds. It is safe for use by several goroutines.
type Ledger struct{}

// Create records a new build and gives it the next number, which no other build ever gets.
func (l *Ledger) Create(ctx context.Context, b *copr.Build) error { return nil }

// Get returns a record of the caller's own. The error wraps fs.ErrNotExist where there is none.
func (l *Ledger) Get(ctx context.Context, id uint64) (*copr.Build, error) { return nil, nil }

// Update changes a record as change says, which may be asked several times, or not at all where it returns an error.
func (l *Ledger) Update(ctx context.Context, id uint64, change func(*copr.Build) error) error {
	return nil
}

// Query is copr.Query.
type Query = copr.Query

// List returns records, newest first. They are shared: read only.
func (l *Ledger) List(q Query) []*copr.Build { return nil }

// Watch tells of every build that changes, until ctx ends. See Watcher.
func (l *Ledger) Watch(ctx context.Context) <-chan *copr.Build { return nil }
