package index

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mirrorctl/mirror"

	"golang.org/x/sys/unix"
)

// scanner is one scan under way. Directories are opened name by name from the root's descriptor and
// never through a link, so that no rename under the scan can lead it out of the root.
type scanner struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	full   bool
	now    func() time.Time

	slots   chan struct{} // one for each worker beside the first
	workers sync.WaitGroup

	read, changed, skipped atomic.Int64

	mu         sync.Mutex // guards unreadable
	unreadable []mirror.Path
}

// dir makes the node of the directory open as fd; old is what the previous index had there. It
// returns nil where the directory has vanished or the scan has failed.
func (s *scanner) dir(fd int, p mirror.Path, old *node) *node {
	if s.ctx.Err() != nil {
		return nil
	}
	var st unix.Stat_t
	// The stamp is taken before the names are read: what changes later has a later ctime, or the stamp is racy.
	if err := retry(func() error { return unix.Fstat(fd, &st) }); err != nil {
		return s.without("stat", p, err)
	}
	n := &node{name: p.Base(), stamp: s.stampOf(&st)}
	if old != nil && !s.full && old.stamp.unchanged(n.stamp) {
		n.entries = old.entries
	} else {
		entries, err := s.readDir(fd)
		if err != nil {
			return s.without("read", p, err)
		}
		s.read.Add(1)
		if old != nil && slices.Equal(entries, old.entries) {
			entries = old.entries
		} else {
			s.changed.Add(1)
		}
		n.entries = entries
	}
	s.subdirs(fd, p, n, old)
	return n
}

// subdirs scans the directories among n's entries, each on another worker if one is free.
func (s *scanner) subdirs(fd int, p mirror.Path, n, old *node) {
	var names []string
	for i := range n.entries {
		if n.entries[i].Type == Dir {
			names = append(names, n.entries[i].Name)
		}
	}
	n.dirs = make([]*node, len(names))
	for i, name := range names {
		before := old.sub(name)
		if s.unchangedLeaf(fd, name, before) {
			n.dirs[i] = before
			continue
		}
		below := p.Join(mirror.Path(name))
		child, err := openDir(fd, name)
		if err != nil {
			n.dirs[i] = s.without("open", below, err)
			continue
		}
		scan := func() {
			n.dirs[i] = s.dir(child, below, before)
			unix.Close(child) // it was only read
		}
		select {
		case s.slots <- struct{}{}:
			s.workers.Go(func() {
				defer func() { <-s.slots }()
				scan()
			})
		default:
			scan()
		}
	}
}

// unchangedLeaf spares a directory without directories in it from being opened at all.
func (s *scanner) unchangedLeaf(fd int, name string, old *node) bool {
	if old == nil || s.full || len(old.dirs) > 0 {
		return false
	}
	var st unix.Stat_t
	err := retry(func() error { return unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	return err == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR && old.stamp.unchanged(s.stampOf(&st))
}

func openDir(fd int, name string) (child int, err error) {
	err = retry(func() (err error) {
		child, err = unix.Openat(fd, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		return err
	})
	return child, err
}

// without is what the scan has of a directory that gave err: nil where it has vanished or become
// something else, an empty node where it is closed to us. Any other error ends the scan.
func (s *scanner) without(verb string, p mirror.Path, err error) *node {
	switch err {
	case unix.ENOENT, unix.ENOTDIR, unix.ELOOP, unix.ESTALE:
		return nil
	case unix.EACCES, unix.EPERM:
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.unreadable) < maxUnreadable {
			s.unreadable = append(s.unreadable, p)
		}
		return &node{name: p.Base(), stamp: stamp{racy: true}}
	}
	s.cancel(fmt.Errorf("%s %q: %w", verb, p.FS(), err))
	return nil
}

func (s *scanner) stampOf(st *unix.Stat_t) stamp {
	return stamp{
		dev: uint64(st.Dev), inode: st.Ino,
		mtime: st.Mtim.Nano(), ctime: st.Ctim.Nano(),
		racy: s.now().Sub(time.Unix(st.Ctim.Unix())) < racyWindow,
	}
}

// unchanged compares ctime too: rsync and restores set mtimes back, but nothing can set a ctime.
func (old stamp) unchanged(now stamp) bool {
	return !old.racy && old.dev == now.dev && old.inode == now.inode && old.mtime == now.mtime && old.ctime == now.ctime
}

// retry repeats a system call that a signal cut short.
func retry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}
