package sign

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"mirrorctl/copr"
	"mirrorctl/internal/durable"
)

// Options say how a Signer works.
type Options struct {
	// Name stands in the user id of new keys: "adrian/criu (Name)". Default "mirrorctl".
	Name string
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Signer holds the keys. It is safe for concurrent use.
type Signer struct {
	dir  string
	o    Options
	lock *os.File

	mu    sync.Mutex // over rings; held while a key is made
	rings map[copr.ProjectName]ring
}

// Open opens the directory of keys, or makes it. It must be closed to everyone else, and one Signer at a time may have it.
func Open(dir string, o Options) (*Signer, error) {
	if o.Name == "" {
		o.Name = "mirrorctl"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	st, err := os.Lstat(dir)
	if err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	if !st.IsDir() || st.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("open keys: %s is %s; want a directory of mode 0700: run chmod 0700 on it", dir, st.Mode())
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	if err := durable.Flock(lock); err != nil {
		return nil, errors.Join(fmt.Errorf("open keys: %s: another signer has them: %w", dir, err), lock.Close())
	}
	return &Signer{dir: dir, o: o, lock: lock, rings: map[copr.ProjectName]ring{}}, nil
}

// Close gives the keys back.
func (s *Signer) Close() error { return s.lock.Close() }
