package archivetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"mirrorctl/archive"
	"mirrorctl/mirror"
)

func (s *suite) put() {
	s.store("a/b/file", "hello")
	s.store("a/b/empty", "")
	s.store("a/odd name ü+~", "odd")
	s.holds("a/b/file", "hello")
	s.holds("a/b/empty", "")
	s.holds("a/odd name ü+~", "odd")
	o, err := s.st.Stat(s.ctx, "a/b/file")
	if err != nil || o.MTime != 0 && o.MTime != When.UnixNano() {
		s.Errorf("stat: %+v, %v", o, err)
	}
}

// A source that turns out wrong, or has another size than announced, leaves nothing.
func (s *suite) badSource() {
	wrong := errors.New("not the right bytes")
	if err := s.st.Put(s.ctx, job, fileEntry("a/bad", "hello"), NewBytes("hello", wrong)); !errors.Is(err, wrong) {
		s.Errorf("put of a wrong source: %v", err)
	}
	for _, data := range []string{"hell", "hello!"} {
		if err := s.st.Put(s.ctx, job, fileEntry("a/bad", "hello"), NewBytes(data, io.EOF)); err == nil {
			s.Errorf("%d bytes were taken for 5", len(data))
		}
	}
	s.lacks("a/bad")
	if names := s.names("a"); len(names) > 0 {
		s.Errorf("left: %v", names)
	}
	s.store("a/bad", "hello") // and the name is free
}

func (s *suite) noReplacing() {
	s.store("a/file", "first")
	for _, data := range []string{"other", "first"} {
		if err := s.st.Put(s.ctx, job, fileEntry("a/file", data), NewBytes(data, io.EOF)); !errors.Is(err, fs.ErrExist) {
			s.Errorf("put over an object: %v, want fs.ErrExist", err)
		}
	}
	s.holds("a/file", "first")
}

func (s *suite) oneWinner() {
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			data := strings.Repeat(fmt.Sprintf("%02d", i), 5000)
			err := s.st.Put(s.ctx, job, fileEntry("race/file", data), NewBytes(data, io.EOF))
			if err == nil {
				won.Add(1)
				s.holds("race/file", data)
			} else if !errors.Is(err, fs.ErrExist) {
				s.Errorf("loser: %v", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		s.Errorf("%d puts won", won.Load())
	}
}

func (s *suite) absence() {
	s.lacks("nothing")
	s.lacks("no/such/dir/file")
	if names := s.names("no/such"); len(names) > 0 {
		s.Errorf("list of nothing: %v", names)
	}
}

func (s *suite) list() {
	for _, p := range []mirror.Path{"t/25/a", "t/25/b/c", "t/25.1/x", "t/250", "t/24/z"} {
		s.store(p, string(p))
	}
	if got := s.names("t/25"); !slices.Equal(got, []string{"t/25/a", "t/25/b/c"}) {
		s.Errorf("list t/25: %v", got)
	}
	if got := s.names("t/250"); !slices.Equal(got, []string{"t/250"}) {
		s.Errorf("list of a file: %v", got)
	}
	// Our own things are never listed.
	if d, ok := s.st.(archive.Documents); ok {
		if _, err := d.Swap(s.ctx, ".mirrorctl/fedora-25/head.json", "", []byte("{}")); err != nil {
			s.Fatal(err)
		}
	}
	if got := s.names(""); len(got) != 5 {
		s.Errorf("list of everything: %v", got)
	}
}

func (s *suite) symlink() {
	e := archive.Entry{Path: "a/link", Type: archive.Symlink, Target: "../x/./y", MTime: When.UnixNano(), UID: uint32(os.Geteuid()), GID: uint32(os.Getegid())}
	if err := s.st.Put(s.ctx, job, e, nil); err != nil {
		s.Fatal(err)
	}
	if o, err := s.st.Stat(s.ctx, "a/link"); err != nil || o.Type != archive.Symlink || o.Target != e.Target {
		s.Errorf("stat: %+v, %v", o, err)
	}
	if err := s.st.Put(s.ctx, job, e, nil); !errors.Is(err, fs.ErrExist) {
		s.Errorf("put over a symlink: %v", err)
	}
	// What it leads to has a path of its own.
	s.store("x/y", "content")
	if r, err := s.st.Open(s.ctx, "a/link"); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			r.Close()
		}
		s.Errorf("open of a symlink: %v", err)
	}
}

func (s *suite) large() {
	data := strings.Repeat("0123456789abcdef", 3<<16) // 3 MiB, and no multiple of a buffer
	s.store("a/large", data+"x")
	s.holds("a/large", data+"x")
}

func (s *suite) canceled() {
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	if err := s.st.Put(ctx, job, fileEntry("a/late", "x"), NewBytes("x", io.EOF)); !errors.Is(err, context.Canceled) {
		s.Errorf("put: %v", err)
	}
	s.lacks("a/late")
}
