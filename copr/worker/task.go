package worker

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"mirrorctl/copr"
)

// task works on one task and answers it. ctx ends with the process and when the hub stops the task.
func (w *Worker) task(ctx context.Context, t copr.Task) {
	defer w.done.Add(1)
	log := w.Log.With("task", t.ID())
	t, err := w.attempt(ctx, t, log)
	// What follows is said although the process may be about to end.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	switch {
	case err == nil:
		err = w.Tasks.Done(last, t)
	case errors.Is(err, copr.ErrLost):
		log.Info("task dropped", "reason", err)
		err = w.Tasks.Done(last, t)
	default:
		log.Warn("task given back", "reason", err)
		after := 3 * w.beat() // whoever is broken does not take it again at once
		if ctx.Err() != nil {
			after = 0
		}
		if t.Delivery > 0 {
			if err := w.Lease.Release(last, t, err.Error()); err != nil && !errors.Is(err, copr.ErrLost) {
				log.Warn("hub does not know that the task is given back", "error", err)
			}
		}
		err = w.Tasks.Return(last, t, after)
	}
	if err != nil {
		log.Warn("task not answered; the queue hands it out again", "error", err)
	}
}

func (w *Worker) beat() time.Duration { return cmp.Or(w.Beat, 10*time.Second) }

// job is a task under way.
type job struct {
	*Worker
	task copr.Task
	dir  string // of this task alone, gone afterwards
	log  *buildLog
	held *holder
}

// attempt works on a task until its result is delivered. It returns the task as it is held.
func (w *Worker) attempt(ctx context.Context, t copr.Task, log *slog.Logger) (_ copr.Task, err error) {
	if t, err = w.Lease.Hold(ctx, t, ""); err != nil {
		return t, err
	}
	log.Info("task taken", "delivery", t.Delivery, "package", t.Package, "evr", t.EVR)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	held := hold(ctx, stop, w, t)
	defer held.end()

	dir, err := os.MkdirTemp(w.Dir, "task-")
	if err != nil {
		return t, err
	}
	// A directory that cannot be removed is no reason to build again.
	defer func() {
		if err := os.RemoveAll(dir); err != nil {
			log.Warn("directory of the task not removed", "error", err)
		}
	}()
	j := &job{Worker: w, task: t, dir: dir, held: held}
	if err := j.run(ctx); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return t, fmt.Errorf("%w (%w)", cause, err)
		}
		return t, err
	}
	log.Info("task delivered")
	return t, nil
}

func (j *job) run(ctx context.Context) (err error) {
	started := time.Now().UTC()
	srpm, err := j.source(ctx)
	if err != nil {
		return err
	}
	if err := os.Mkdir(j.path("out"), 0o755); err != nil {
		return err
	}
	if j.log, err = startLog(ctx, j); err != nil {
		return err
	}
	defer j.log.abandon()
	if err := j.held.at(ctx, copr.StepBuild); err != nil {
		return err
	}
	result, err := j.build(ctx, srpm)
	if err != nil {
		return err
	}
	if result.Exit == 0 && len(j.Gates) > 0 {
		if err := j.held.at(ctx, copr.StepGate); err != nil {
			return err
		}
		for _, g := range j.Gates {
			reports, err := g.Run(ctx, j.task, j.path("out"), j.log)
			if err != nil {
				return fmt.Errorf("gate: %w", err)
			}
			result.Gates = append(result.Gates, reports...)
		}
	}
	if err := j.log.keep(j.path("out", LogName)); err != nil {
		return err
	}
	result.Started, result.Ended = started, time.Now().UTC()
	result.Took = result.Ended.Sub(started)
	result.Builder, result.Kind, result.Host = j.Name, j.Builder.Name(), host()
	if result.Files, err = list(j.path("out")); err != nil {
		return err
	}
	return j.Dock.Deliver(ctx, j.task, result, j.path("out"))
}

func (j *job) path(elem ...string) string { return filepath.Join(append([]string{j.dir}, elem...)...) }

// source fetches the source package. A connection that breaks off is tried once more.
func (j *job) source(ctx context.Context) (name string, err error) {
	want := j.task.SRPM
	if filepath.Base(want.Name) != want.Name || !plain(want.Name) {
		return "", fmt.Errorf("source package %q: not a file name", want.Name)
	}
	name = j.path(want.Name)
	for try := 1; ; try++ {
		if err = j.fetch(ctx, name, want); err == nil || try == 3 || ctx.Err() != nil || errors.Is(err, copr.ErrLost) {
			return name, err
		}
	}
}

func (j *job) fetch(ctx context.Context, name string, want copr.File) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	hash := sha256.New()
	to := &atMost{w: io.MultiWriter(f, hash), left: want.Size}
	err = j.Dock.Source(ctx, j.task, to)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if sum := hex.EncodeToString(hash.Sum(nil)); to.left != 0 || sum != want.SHA256 {
		return fmt.Errorf("source package %s: sha256 %s came, %s was said", want.Name, sum, want.SHA256)
	}
	return nil
}

// atMost fails where more is written than may be.
type atMost struct {
	w    io.Writer
	left int64
}

func (a *atMost) Write(p []byte) (int, error) {
	if int64(len(p)) > a.left {
		return 0, errors.New("more bytes than were said")
	}
	n, err := a.w.Write(p)
	a.left -= int64(n)
	return n, err
}
