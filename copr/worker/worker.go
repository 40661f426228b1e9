package worker

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"mirrorctl/copr"
)

// Tasks hands out tasks. copr/queue has it for the same process and for others.
type Tasks interface {
	// Next waits for a task. The context that comes with it ends when the hub stops the task; it is a child of
	// ctx. A task that is handed out again while it is worked on here is not returned a second time.
	Next(ctx context.Context) (copr.Task, context.Context, error)
	// Working puts off the moment at which the task is taken for abandoned.
	Working(t copr.Task) error
	// Done ends the task for good: nobody gets it again.
	Done(ctx context.Context, t copr.Task) error
	// Return gives the task to whoever asks next, after a while.
	Return(ctx context.Context, t copr.Task, after time.Duration) error
}

// Lease says whose a task is. The hub's record decides; copr/dock has it.
type Lease interface {
	// Hold takes the task for this builder and counts its Delivery, or, where that is set, confirms it and says
	// which step it is at. An error that wraps copr.ErrLost means that it is not this builder's, and never will be.
	Hold(ctx context.Context, t copr.Task, at copr.Step) (copr.Task, error)
	// Release gives the task up and says why.
	Release(ctx context.Context, t copr.Task, reason string) error
}

// Dock is where sources come from and results go. copr/dock has it for the same process and over HTTP.
type Dock interface {
	// Source writes the source package to w. What arrives is checked here, against the task.
	Source(ctx context.Context, t copr.Task, w io.Writer) error
	// Log takes the build's output as it comes. A write may wait; it fails only where nobody will ever read it.
	Log(ctx context.Context, t copr.Task) (io.WriteCloser, error)
	// Deliver hands over the files of r, which lie in dir, and r itself. When it returns nil the result is
	// durable and recorded. An error that wraps copr.ErrLost means that nobody wants it.
	Deliver(ctx context.Context, t copr.Task, r copr.Result, dir string) error
}

// Gate proves what was built. The packages lie in dir.
type Gate interface {
	Run(ctx context.Context, t copr.Task, dir string, log io.Writer) ([]copr.Report, error)
}

// Worker is one builder process. What is below Log is optional, and so are Gates.
type Worker struct {
	Name    string
	Tasks   Tasks
	Lease   Lease
	Dock    Dock
	Builder copr.Builder
	Gates   []Gate // each proves what it is for and has nothing to say on the rest
	Dir     string // on a filesystem with room; each task gets a directory there
	Log     *slog.Logger

	Jobs   int           // tasks at a time; 0 is one
	Beat   time.Duration // how often it says that it works; 0 is 10 s
	Idle   time.Duration // Run ends after so long without a task; 0 is never
	MaxLog int64         // bytes of a build's log that are kept; 0 is 64 MiB

	busy, done atomic.Int64 // tasks at work, and ended
}

// Run works until ctx ends, and then gives back what it holds. Every task has ended when it returns.
func (w *Worker) Run(ctx context.Context) error {
	run, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var all sync.WaitGroup
	if w.Idle > 0 {
		all.Go(func() { w.watchIdle(run, stop) })
	}
	for range max(w.Jobs, 1) {
		all.Go(func() {
			for {
				t, own, err := w.Tasks.Next(run)
				if err != nil {
					stop(err)
					return
				}
				w.busy.Add(1)
				w.task(own, t)
				w.busy.Add(-1)
			}
		})
	}
	all.Wait()
	if err := context.Cause(run); !errors.Is(err, errIdle) {
		return err
	}
	return nil
}

// errIdle ends a Run that has had no task for long enough.
var errIdle = errors.New("no task for a while")

// watchIdle ends Run once nothing was worked on for w.Idle.
func (w *Worker) watchIdle(ctx context.Context, stop context.CancelCauseFunc) {
	tick := time.NewTicker(max(w.Idle/20, time.Millisecond))
	defer tick.Stop()
	last, done := time.Now(), w.done.Load()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if n := w.done.Load(); w.busy.Load() > 0 || n != done {
				last, done = now, n
			}
			if now.Sub(last) >= w.Idle {
				stop(errIdle)
				return
			}
		}
	}
}
