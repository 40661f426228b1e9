package hot

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// A tenant shares a directory with other processes: in a rolling restart the old server drains
// while the new one serves. Both add files freely, since files are named by content and appear by
// rename. Deleting is for the last one: another may serve what this one does not know.
type tenant struct {
	f  *os.File
	mu sync.Mutex // one alone at a time: the lock does not tell our own goroutines apart
}

// moveIn registers with the lock file name. It waits while another process deletes.
func moveIn(name string) (*tenant, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	t := &tenant{f: f}
	if err := t.lock(unix.F_OFD_SETLKW, unix.F_RDLCK); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", name, err), f.Close())
	}
	return t, nil
}

// alone runs f while no other process uses the directory, and reports whether it did. These
// locks belong to the open file, and turning one into an exclusive lock and back leaves no gap.
func (t *tenant) alone(f func() error) (ran bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	err = t.lock(unix.F_OFD_SETLK, unix.F_WRLCK)
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("lock %s: %w", t.f.Name(), err)
	}
	return true, errors.Join(f(), t.lock(unix.F_OFD_SETLK, unix.F_RDLCK))
}

func (t *tenant) lock(cmd int, kind int16) error {
	for {
		err := unix.FcntlFlock(t.f.Fd(), cmd, &unix.Flock_t{Type: kind, Whence: io.SeekStart})
		if err != unix.EINTR {
			return err
		}
	}
}

func (t *tenant) moveOut() error { return t.f.Close() }
