package archivetest

import (
	"errors"
	"io/fs"

	"mirrorctl/archive"
	"mirrorctl/mirror"
)

func (s *suite) link() {
	l, ok := s.st.(archive.Linker)
	if !ok {
		s.Skip("SKIP: the store has no hard links")
	}
	s.store("a/first", "content")
	e := fileEntry("b/second", "content")
	e.HardLink = "a/first"
	if err := l.Link(s.ctx, job, e); err != nil {
		s.Fatal(err)
	}
	s.holds("b/second", "content")
	a, _ := s.st.Stat(s.ctx, "a/first")
	b, _ := s.st.Stat(s.ctx, "b/second")
	if a.Inode == 0 || a.Inode != b.Inode {
		s.Errorf("inodes %d and %d", a.Inode, b.Inode)
	}
	if err := l.Link(s.ctx, job, e); !errors.Is(err, fs.ErrExist) {
		s.Errorf("linked over a name: %v", err)
	}
}

func (s *suite) directories() {
	d, ok := s.st.(archive.Directories)
	if !ok {
		s.Skip("SKIP: the store has no directories")
	}
	s.store("d/sub/file", "x")
	owner := fileEntry("x", "")
	dir := func(p mirror.Path, mode uint32) archive.Entry {
		return archive.Entry{Path: p, Type: archive.Dir, Mode: mode, MTime: When.UnixNano(), UID: owner.UID, GID: owner.GID}
	}
	all := []archive.Entry{dir("d/sub/empty", 0o700), dir("d/sub", 0o2775), dir("d", 0o755)}
	for range 2 { // again after a crash: no error
		if err := d.Finish(s.ctx, all); err != nil {
			s.Fatal(err)
		}
	}
	for _, e := range all {
		if o, err := s.st.Stat(s.ctx, e.Path); err != nil || o.Type != archive.Dir || o.MTime != e.MTime {
			s.Errorf("%s: %+v, %v", e.Path, o, err)
		}
	}
	s.store("d/late", "x") // a finished directory still takes files
}

func (s *suite) undo() {
	u, ok := s.st.(archive.Undoer)
	if !ok {
		s.Skip("SKIP: nothing can be removed from the store")
	}
	s.store("u/a", "x")
	s.store("u/b", "y")
	a, _ := s.st.Stat(s.ctx, "u/a")
	for range 2 { // absence is no error
		if err := u.Remove(s.ctx, a); err != nil {
			s.Fatal(err)
		}
	}
	s.lacks("u/a")
	if err := u.Remove(s.ctx, archive.Object{Path: "u", Type: archive.Dir}); err != nil {
		s.Errorf("remove of a directory that is not empty: %v", err)
	}
	s.holds("u/b", "y")
	if err := u.Sweep(s.ctx, job, []mirror.Path{"u", "no/such"}); err != nil {
		s.Errorf("sweep: %v", err)
	}
	s.holds("u/b", "y")
}

func (s *suite) hold() {
	x, ok := s.st.(archive.Exclusive)
	if !ok {
		s.Skip("SKIP: the store holds nothing")
	}
	one, err := x.Hold(s.ctx, Release)
	if err != nil {
		s.Fatal(err)
	}
	var locked *archive.LockedError
	if _, err := x.Hold(s.ctx, Release); !errors.As(err, &locked) {
		s.Errorf("held twice: %v", err)
	}
	other, err := x.Hold(s.ctx, mirror.Release{Product: "el", Version: "5"})
	if err != nil {
		s.Fatalf("another release: %v", err)
	}
	if err := errors.Join(other.Close(), one.Close()); err != nil {
		s.Fatal(err)
	}
	again, err := x.Hold(s.ctx, Release)
	if err != nil {
		s.Fatalf("after it was given back: %v", err)
	}
	again.Close()
}
