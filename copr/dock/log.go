package dock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"mirrorctl/copr"
	"mirrorctl/internal/durable"
)

// errGap means that a builder sends what comes after bytes that are not there.
var errGap = errors.New("the log has a gap")

// append writes what is new of data, which begins at offset: a builder that did not hear the answer sends again. A log is
// for those who watch; the one that is kept comes with the result. So it is not synced.
func (b *Builder) append(ctx context.Context, t copr.Task, offset int64, data []byte) error {
	if _, err := b.check(ctx, t); err != nil {
		return err
	}
	d := b.dock
	d.logs.Lock()
	defer d.logs.Unlock()
	name := d.handed("logs", t) + ".log"
	if err := durable.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		return fmt.Errorf("log of task %s: %w", t.ID(), err)
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return fmt.Errorf("log of task %s: %w", t.ID(), err)
	}
	defer f.Close()
	st, err := f.Stat()
	switch {
	case err != nil:
		return fmt.Errorf("log of task %s: %w", t.ID(), err)
	case offset > st.Size():
		return fmt.Errorf("log of task %s: %d bytes are there, %d were said to be: %w", t.ID(), st.Size(), offset, errGap)
	case offset+int64(len(data)) <= st.Size() || st.Size() >= d.limits.Log:
		return nil
	}
	data = data[st.Size()-offset:]
	if room := d.limits.Log - st.Size(); int64(len(data)) > room {
		data = data[:room]
	}
	if _, err := f.WriteAt(data, st.Size()); err != nil {
		return fmt.Errorf("log of task %s: %w", t.ID(), err)
	}
	return nil
}

// Log takes the build's output as it comes.
func (b *Builder) Log(ctx context.Context, t copr.Task) (io.WriteCloser, error) {
	return &logWriter{ctx: ctx, task: t, append: b.append}, nil
}

// logWriter counts where it is. Its append is that of this process or of the hub's elsewhere.
type logWriter struct {
	ctx    context.Context
	task   copr.Task
	offset int64
	append func(ctx context.Context, t copr.Task, offset int64, data []byte) error
}

func (w *logWriter) Write(p []byte) (int, error) {
	if err := w.append(w.ctx, w.task, w.offset, p); err != nil {
		return 0, err
	}
	w.offset += int64(len(p))
	return len(p), nil
}

func (w *logWriter) Close() error { return nil }

// Follow reads the log of an attempt from its beginning and as it grows, over all builders that had it, until the
// attempt is delivered or has ended. Reads end with ctx, too.
func (d *Dock) Follow(ctx context.Context, build uint64, c copr.Chroot, attempt int) (io.ReadCloser, error) {
	r, err := d.ledger.Get(ctx, build)
	if err != nil {
		return nil, err
	}
	if r.Chroot(c) == nil || attempt < 1 || attempt > r.Chroot(c).Attempt {
		return nil, fmt.Errorf("build %d for %s, attempt %d: %w", build, c, attempt, fs.ErrNotExist)
	}
	return &follower{dock: d, ctx: ctx, task: copr.Task{Build: build, Chroot: c, Attempt: attempt, Delivery: 1}}, nil
}

// follower reads the logs of one attempt, delivery by delivery.
type follower struct {
	dock *Dock
	ctx  context.Context
	task copr.Task
	file *os.File // of task.Delivery; nil until it is there
}

func (f *follower) Read(p []byte) (int, error) {
	for {
		// The record is asked before the file: what it says is over had written everything by then.
		r, err := f.dock.ledger.Get(f.ctx, f.task.Build)
		if err != nil {
			return 0, err
		}
		if n, err := f.more(p); n > 0 || err != nil {
			return n, err
		}
		c := r.Chroot(f.task.Chroot)
		over := c == nil || c.Attempt != f.task.Attempt || c.State.Ended() || c.Result != nil
		switch {
		case c != nil && c.Attempt == f.task.Attempt && c.Delivery > f.task.Delivery, over && f.later():
			if err := f.Close(); err != nil {
				return 0, err
			}
			f.file = nil
			f.task.Delivery++
			return copy(p, fmt.Sprintf("\n--- handed out again, for time %d ---\n", f.task.Delivery)), nil
		case over:
			return 0, io.EOF
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-f.ctx.Done():
			return 0, f.ctx.Err()
		}
	}
}

func (f *follower) name() string { return f.dock.handed("logs", f.task) + ".log" }

// later reports whether the next delivery has a log: once an attempt is over its record does not tell.
func (f *follower) later() bool {
	next := *f
	next.task.Delivery++
	_, err := os.Stat(next.name())
	return err == nil
}

func (f *follower) more(p []byte) (int, error) {
	if f.file == nil {
		file, err := os.Open(f.name())
		if errors.Is(err, fs.ErrNotExist) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		f.file = file
	}
	n, err := f.file.Read(p)
	if err == io.EOF {
		err = nil
	}
	return n, err
}

// Close ends the reading. It does not wake a Read that waits; the context does.
func (f *follower) Close() error {
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}
