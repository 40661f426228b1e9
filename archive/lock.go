package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"mirrorctl/internal/durable"
	"mirrorctl/mirror"
)

// LockedError says that another run works on the release.
type LockedError struct {
	Release mirror.Release
	PID     int       // 0 where it is not known
	Since   time.Time // zero where it is not known
}

func (e *LockedError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("release %s: another run holds the lock; wait for it", e.Release)
	}
	return fmt.Sprintf("release %s: another run, pid %d, holds the lock since %s; wait for it or end it", e.Release, e.PID, e.Since.Format(time.RFC3339))
}

type lockNote struct {
	PID   int       `json:"pid"`
	Since time.Time `json:"since"`
}

// lock takes <state>/locks/<release>. The kernel gives it back when the process dies, so that
// no lock is ever stale; the file stays, since a lock on a file that someone removes locks nobody out.
func (a *Archiver) lock(r mirror.Release) (io.Closer, error) {
	dir := filepath.Join(a.site.Dir, "locks")
	if err := durable.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make lock directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, r.String()), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := durable.Flock(f); err != nil {
		defer f.Close()
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock release %s: %w", r, err)
		}
		return nil, heldBy(f, r)
	}
	// The note is for people only; who holds the lock is the kernel's to know.
	note, err := json.Marshal(lockNote{PID: os.Getpid(), Since: a.now()})
	if err == nil {
		if err = f.Truncate(0); err == nil {
			_, err = f.WriteAt(note, 0)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("note lock of %s: %w", r, err), f.Close())
	}
	return f, nil
}

func heldBy(f *os.File, r mirror.Release) error {
	e := &LockedError{Release: r}
	var note lockNote
	if data, err := io.ReadAll(io.LimitReader(f, 4096)); err == nil && json.Unmarshal(data, &note) == nil {
		e.PID, e.Since = note.PID, note.Since
	}
	return e
}
