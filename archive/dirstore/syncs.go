package dirstore

import (
	"errors"
	"os"
	"sync"

	"mirrorctl/internal/durable"
	"mirrorctl/mirror"
)

// syncs shares the fsync of each directory among the Puts that wait for it.
type syncs struct {
	root *os.Root

	mu     sync.Mutex
	groups map[mirror.Path]*waiters
}

type waiters struct {
	group *durable.Group
	n     int // who uses it; forgotten at 0
}

// sync makes the names in dir durable.
func (s *syncs) sync(dir mirror.Path) error {
	s.mu.Lock()
	if s.groups == nil {
		s.groups = map[mirror.Path]*waiters{}
	}
	w := s.groups[dir]
	if w == nil {
		w = &waiters{group: durable.NewGroup(func() error { return s.flush(dir) })}
		s.groups[dir] = w
	}
	w.n++
	s.mu.Unlock()

	err := w.group.Sync()

	s.mu.Lock()
	defer s.mu.Unlock()
	if w.n--; w.n == 0 {
		delete(s.groups, dir)
	}
	return err
}

func (s *syncs) flush(dir mirror.Path) error {
	d, err := durable.OpenDir(s.root, dir.FS())
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
