package archive_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"mirrorctl/archive"
	"mirrorctl/archive/archivetest"
	"mirrorctl/archive/dirstore"
	"mirrorctl/mirror"
)

// site is a root with the fixture's release, a state directory, and an archive of either kind.
type site struct {
	t                testing.TB
	root, state, dir string // dir is the archive's
	store            archive.Store
	doc              *archivetest.State
	states           mirror.StateStore // doc, or a file
	followers        *archivetest.Followers
	clock            time.Time
	a                *archive.Archiver
	before           string // the root as it was
	closers          []func()
}

// options change a Site before it is opened.
type option func(s *site, c *archive.Site)

func newSite(t testing.TB, options ...option) *site {
	t.Helper()
	tmp := place(t)
	s := &site{t: t, root: filepath.Join(tmp, "pub"), state: filepath.Join(tmp, "state"), dir: filepath.Join(tmp, "archive"),
		doc: &archivetest.State{}, followers: &archivetest.Followers{}, clock: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	for _, d := range []string{s.root, s.state, s.dir} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	archivetest.Fixture(t, s.root)
	s.before = archivetest.Tree(t, s.root)
	s.open(options...)
	t.Cleanup(s.close)
	return s
}

// reopen is open after close.
func (s *site) reopen(options ...option) {
	s.t.Helper()
	s.close()
	s.open(options...)
}

// close gives the descriptors back.
func (s *site) close() {
	for _, f := range s.closers {
		f()
	}
	s.closers = nil
}

// open opens the site, as a new process would.
func (s *site) open(options ...option) {
	s.t.Helper()
	store, err := dirstore.Open(s.dir, dirstore.Copy)
	if err != nil {
		s.t.Fatal(err)
	}
	s.closers = append(s.closers, func() { store.Close() })
	s.store = store
	c := archive.Site{
		Root: s.root, Dir: s.state, State: s.doc, Followers: s.followers,
		AckWait: 100 * time.Millisecond, Workers: 4, Now: func() time.Time { return s.clock },
	}
	for _, o := range options {
		o(s, &c)
	}
	if c.Store == nil {
		c.Store = s.store
	}
	s.states = c.State
	if c.Prober == nil {
		c.Prober = archivetest.Prober{Store: c.Store}
	}
	if s.a, err = archive.Open(c); err != nil {
		s.t.Fatal(err)
	}
	s.closers = append(s.closers, func() { s.a.Close() })
}

func inMemory(s *site, c *archive.Site) {
	s.store = archivetest.NewMemory()
	c.Store = s.store
}

// inFile keeps state document and followers in the state directory, as a site on one machine does.
func inFile(s *site, c *archive.Site) {
	f, err := mirror.OpenFileState(s.state)
	if err != nil {
		s.t.Fatal(err)
	}
	s.closers = append(s.closers, func() { f.Close() })
	c.State, c.Followers = f, f
}

func slow(_ *site, c *archive.Site) {
	c.Grace, c.Quiet, c.Retention = 14*24*time.Hour, 10*time.Minute, 7*24*time.Hour
}

var eol = archive.Options{EOL: true}

// archived archives the release.
func (s *site) archived() archive.Result {
	s.t.Helper()
	return ok(s.t)(s.a.Archive(s.t.Context(), archivetest.Target(), eol))
}

func ok(t testing.TB) func(archive.Result, error) archive.Result {
	return func(r archive.Result, err error) archive.Result {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
}

// sound fails the test where an invariant does not hold.
func (s *site) sound() {
	s.t.Helper()
	bad, err := s.a.Audit(s.t.Context(), mirror.Release{})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, v := range bad {
		s.t.Error(v)
	}
}

// untouched fails the test where the root is not as it was.
func (s *site) untouched() {
	s.t.Helper()
	same(s.t, "the root", archivetest.Tree(s.t, s.root), s.before)
}

// says fails the test where the document's state of the release is another.
func (s *site) says(want mirror.State) {
	s.t.Helper()
	doc, err := s.states.Load(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	if got := doc.State(archivetest.Release); got != want {
		s.t.Errorf("the state document says %s, want %s", got, want)
	}
}

// gone fails the test where a tree of the release is still in the root.
func (s *site) gone() {
	s.t.Helper()
	for _, tree := range archivetest.Trees {
		if _, err := os.Lstat(filepath.Join(s.root, string(tree))); !os.IsNotExist(err) {
			s.t.Errorf("%s is still in the root: %v", tree, err)
		}
	}
	if _, err := os.Lstat(filepath.Join(s.root, string(archivetest.Other))); err != nil {
		s.t.Errorf("another release's tree: %v", err)
	}
}

func write(t testing.TB, name, data string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}
