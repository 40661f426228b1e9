package archivetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"mirrorctl/archive"
	"mirrorctl/mirror"
)

// Bytes is a Source of given bytes. A Source that is not right ends with Err.
type Bytes struct {
	r   io.Reader
	err error
}

// NewBytes yields data and then end; io.EOF says that data is right.
func NewBytes(data string, end error) *Bytes { return &Bytes{strings.NewReader(data), end} }

// Read yields what is left.
func (b *Bytes) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err == io.EOF {
		err = b.err
	}
	return n, err
}

// File is nil: there is no descriptor.
func (b *Bytes) File() *os.File { return nil }

func fileEntry(p mirror.Path, data string) archive.Entry {
	return archive.Entry{Path: p, Type: archive.File, Mode: 0o640, Size: int64(len(data)), MTime: When.UnixNano(), Sum: sha256.Sum256([]byte(data)),
		UID: uint32(os.Geteuid()), GID: uint32(os.Getegid())}
}

// TestStore holds a store against the contract of archive.Store and of the abilities it has.
// open returns a new, empty store.
func TestStore(t *testing.T, open func() archive.Store) {
	for name, test := range map[string]func(*suite){
		"put": (*suite).put, "bad source": (*suite).badSource, "no replacing": (*suite).noReplacing, "one winner": (*suite).oneWinner,
		"absence": (*suite).absence, "list": (*suite).list, "symlink": (*suite).symlink, "large": (*suite).large, "canceled": (*suite).canceled,
		"documents": (*suite).documents, "one swapper": (*suite).oneSwapper, "link": (*suite).link, "directories": (*suite).directories, "undo": (*suite).undo,
		"hold": (*suite).hold,
	} {
		t.Run(name, func(t *testing.T) {
			st := open()
			if st == nil {
				t.Fatal("no store")
			}
			test(&suite{t, st, t.Context()})
		})
	}
}

type suite struct {
	*testing.T
	st  archive.Store
	ctx context.Context
}

const job = "fedora-25-20261121T120000.000-abcdef"

func (s *suite) store(p mirror.Path, data string) {
	s.Helper()
	if err := s.st.Put(s.ctx, job, fileEntry(p, data), NewBytes(data, io.EOF)); err != nil {
		s.Fatalf("put %s: %v", p, err)
	}
}

func (s *suite) holds(p mirror.Path, want string) {
	s.Helper()
	r, err := s.st.Open(s.ctx, p)
	if err != nil {
		s.Errorf("open %s: %v", p, err)
		return
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || string(got) != want {
		s.Errorf("%s holds %d bytes, want %d: %v", p, len(got), len(want), err)
	}
	if o, err := s.st.Stat(s.ctx, p); err != nil || o.Type != archive.File || o.Size != int64(len(want)) || o.Path != p {
		s.Errorf("stat %s: %+v, %v", p, o, err)
	}
}

func (s *suite) lacks(p mirror.Path) {
	s.Helper()
	if _, err := s.st.Stat(s.ctx, p); !errors.Is(err, fs.ErrNotExist) {
		s.Errorf("stat %s: %v, want fs.ErrNotExist", p, err)
	}
	if r, err := s.st.Open(s.ctx, p); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			r.Close()
		}
		s.Errorf("open %s: %v, want fs.ErrNotExist", p, err)
	}
}

func (s *suite) names(prefix mirror.Path) []string {
	s.Helper()
	var names []string
	for o, err := range s.st.List(s.ctx, prefix) {
		if err != nil {
			s.Fatalf("list %s: %v", prefix, err)
		}
		if o.Type != archive.Dir {
			names = append(names, string(o.Path))
		}
	}
	slices.Sort(names)
	return names
}

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

func (s *suite) docs() archive.Documents {
	d, ok := s.st.(archive.Documents)
	if !ok {
		s.Skip("SKIP: the store keeps no documents")
	}
	return d
}

func (s *suite) documents() {
	d := s.docs()
	const p mirror.Path = ".mirrorctl/fedora-25/head.json"
	if _, _, err := d.Load(s.ctx, p); !errors.Is(err, fs.ErrNotExist) {
		s.Errorf("load of nothing: %v", err)
	}
	if _, err := d.Swap(s.ctx, p, "some tag", []byte("x")); !errors.Is(err, archive.ErrMoved) {
		s.Errorf("swap of nothing: %v", err)
	}
	one, err := d.Swap(s.ctx, p, "", []byte("one"))
	if err != nil {
		s.Fatal(err)
	}
	if _, err := d.Swap(s.ctx, p, "", []byte("again")); !errors.Is(err, archive.ErrMoved) {
		s.Errorf("created twice: %v", err)
	}
	two, err := d.Swap(s.ctx, p, one, []byte("two"))
	if err != nil {
		s.Fatal(err)
	}
	if _, err := d.Swap(s.ctx, p, one, []byte("three")); !errors.Is(err, archive.ErrMoved) {
		s.Errorf("an old tag was taken: %v", err)
	}
	if data, tag, err := d.Load(s.ctx, p); err != nil || string(data) != "two" || tag != two {
		s.Errorf("%q, %q, %v; want the tag %q", data, tag, err, two)
	}
}

func (s *suite) oneSwapper() {
	d := s.docs()
	const p mirror.Path = ".mirrorctl/el-5/head.json"
	tag, err := d.Swap(s.ctx, p, "", []byte("start"))
	if err != nil {
		s.Fatal(err)
	}
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			if _, err := d.Swap(s.ctx, p, tag, fmt.Appendf(nil, "swapper %d", i)); err == nil {
				won.Add(1)
			} else if !errors.Is(err, archive.ErrMoved) {
				s.Errorf("loser: %v", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		s.Errorf("%d swaps won", won.Load())
	}
}

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
