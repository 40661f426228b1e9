package queue

import (
	"context"
	"crypto/tls"
	"log/slog"
	"time"

	"mirrorctl/copr"
)

// Config says which JetStream. Dir or URL is required.
type Config struct {
	// Dir is where the server inside this process keeps its files; it is locked while it runs.
	Dir string
	// Listen is host:port for builders on other machines. Optional: without it there is no listener. Keys is then required.
	Listen string
	TLS    *tls.Config // of the listener, or of the connection to URL. Optional
	Keys   Keys

	// URL is a cluster elsewhere; Dir, Listen and Keys are then not used, and who may do what is the cluster's to say: see
	// Permissions. Credentials is its .creds file. Optional.
	URL         string
	Credentials string
	Replicas    int // of stream and bucket in the cluster; 0 is one

	// AckWait is after how long without a sign of life a task is given to another builder; 0 is 30 s.
	AckWait time.Duration
	Log     *slog.Logger
}

// Keys knows builders by name and token. copr/dock keeps them.
type Keys interface {
	// Check returns the architectures that the builder may build for; false where name and token are not of one.
	Check(name, token string) (arches []string, ok bool)
}

// Queue is an open queue.
type Queue struct{}

// Open starts or connects to JetStream, makes what is missing there, and reads all records.
func Open(ctx context.Context, c Config) (*Queue, error) { return nil, nil }

// Close ends the connection and the server inside this process.
func (q *Queue) Close() error { return nil }

// URL is where builders connect; "" where they cannot.
func (q *Queue) URL() string { return "" }

// Ledger is the records of builds.
func (q *Queue) Ledger() *Ledger { return nil }

// Tasks hands out tasks to a builder in this process.
func (q *Queue) Tasks(arches []string) (*Tasks, error) { return nil, nil }

// Cancel ends chroots of a build, all where none is named: what waits at once, and the builder of what runs is told.
// Chroots that have ended stay as they are.
func (q *Queue) Cancel(ctx context.Context, id uint64, chroots ...copr.Chroot) error { return nil }

// Retry begins a new attempt at chroots that failed or were canceled, all such where none is named.
func (q *Queue) Retry(ctx context.Context, id uint64, chroots ...copr.Chroot) error { return nil }

// Tasks takes tasks for one builder. It has the methods of worker.Tasks.
type Tasks struct{}

// Dial connects a builder of another process or machine.
func Dial(ctx context.Context, c DialConfig) (*Tasks, error) { return nil, nil }

// DialConfig says where a builder takes its tasks.
type DialConfig struct {
	URL         string
	Name, Token string
	Credentials string // a .creds file instead, for a cluster
	Arches      []string
	TLS         *tls.Config
	Log         *slog.Logger
}

// Composer writes what a builder is told, from the record and what is declared.
type Composer interface {
	// Compose is asked once the chroot is pending. An error fails the chroot.
	Compose(ctx context.Context, b *copr.Build, c copr.Chroot) (copr.Task, error)
}

// Scheduler offers pending chroots to builders.
type Scheduler struct {
	Queue    *Queue
	Composer Composer
	Window   int // tasks per architecture that are offered and not taken; 0 is 4
	Log      *slog.Logger
}

// Run offers until ctx ends.
func (s *Scheduler) Run(ctx context.Context) error { return nil }
