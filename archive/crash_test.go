package archive_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"mirrorctl/archive"
	"mirrorctl/archive/archivetest"
	"mirrorctl/mirror"
)

// fuse counts the steps of a run: every call to the store and to the state document, and every
// look at the context in between. At step n it does what its kind says.
type fuse struct {
	kind string // stop: from here on nothing is done, as after kill -9 · fail · lost: done, and the answer lost
	n    int
	docs bool // count only what swaps a document: the commit points

	mu     sync.Mutex
	count  int
	blown  bool
	cancel context.CancelFunc
}

// step is asked before and after each call.
func (f *fuse) step(op string, after bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.n == 0 {
		return nil // not armed
	}
	if f.kind == "stop" && f.blown {
		return archivetest.ErrInjected
	}
	if !f.docs || strings.HasSuffix(op, "swap") {
		f.count++
	}
	if f.count < f.n || f.blown {
		return nil
	}
	switch {
	case f.kind == "stop":
		f.blown = true
		f.cancel()
		return archivetest.ErrInjected
	case op == "look" || after != (f.kind == "lost"):
		return nil // wait for the next call that can fail this way
	}
	f.blown = true
	return archivetest.ErrInjected
}

// counting is a context that counts who looks at it.
type counting struct {
	context.Context
	f *fuse
}

func (c counting) Err() error {
	c.f.step("look", false)
	return c.Context.Err()
}

// fused puts a fuse into a site.
func fused(f *fuse) option {
	return func(s *site, c *archive.Site) {
		hook := func(op string, _ mirror.Path, after bool) error { return f.step(op, after) }
		switch st := s.store.(type) {
		case archivetest.Full:
			c.Store = archivetest.WrapFull(st, hook)
		case archivetest.Basic:
			c.Store = archivetest.Wrap(st, hook)
		}
		c.Prober = archivetest.Prober{Store: s.store}
		s.doc.Before = func(op string) error { return f.step(op, false) }
		s.doc.After = func(op string) error { return f.step(op, true) }
	}
}

// serves asks for every file of the release as a client would: from where the document says.
func (s *site) serves(want map[mirror.Path]string) {
	s.t.Helper()
	fromArchive := s.doc.Now().State(archivetest.Release).FromArchive()
	for p, data := range want {
		var got []byte
		var err error
		if fromArchive {
			var r interface {
				Read([]byte) (int, error)
				Close() error
			}
			if r, err = s.store.Open(s.t.Context(), p); err == nil {
				got = readAll(s.t, r)
				r.Close()
			}
		} else {
			got, err = os.ReadFile(filepath.Join(s.root, string(p)))
		}
		if err != nil || string(got) != data {
			s.t.Errorf("a client that asks for %s (archive: %v) gets %d bytes instead of %d: %v", p, fromArchive, len(got), len(data), err)
		}
	}
}

// files are the contents of the release's files by path.
func (s *site) files() map[mirror.Path]string {
	all := map[mirror.Path]string{}
	for _, tree := range archivetest.Trees {
		err := filepath.WalkDir(filepath.Join(s.root, string(tree)), func(name string, d os.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || strings.HasSuffix(name, ".Ab3xYz") {
				return err
			}
			data, err := os.ReadFile(name)
			rel, _ := filepath.Rel(s.root, name)
			all[mirror.Path(rel)] = string(data)
			return err
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
	return all
}

// A run that is stopped, or that meets a failing or a lying store, at any step leaves all
// invariants whole; clients are served right at that moment; and the next run ends where an
// undisturbed one would have.
func TestCrashAnywhere(t *testing.T) {
	archived := func(s *site) { s.archived() }
	trashed := func(s *site) { s.archived(); ok(s.t)(s.a.Prune(s.t.Context(), archivetest.Release)) }
	purged := func(s *site) { trashed(s); ok(s.t)(s.a.Purge(s.t.Context(), archivetest.Release)) }
	none := func(*site) {}
	type step func(s *site, ctx context.Context) (archive.Result, error)
	run := func(s *site, ctx context.Context) (archive.Result, error) {
		return s.a.Archive(ctx, archivetest.Target(), eol)
	}
	prune := func(s *site, ctx context.Context) (archive.Result, error) { return s.a.Prune(ctx, archivetest.Release) }
	purge := func(s *site, ctx context.Context) (archive.Result, error) { return s.a.Purge(ctx, archivetest.Release) }
	restore := func(s *site, ctx context.Context) (archive.Result, error) {
		return s.a.Restore(ctx, archivetest.Release)
	}
	whole := func(s *site) { s.untouched() }
	tests := []struct {
		name   string
		before func(*site)
		do     step // stopped somewhere
		then   step // finishes
		after  func(*site)
	}{
		{"archive, resumed", none, run, run, func(s *site) { s.says(mirror.Archived); s.untouched() }},
		{"archive, undone", none, run, func(s *site, ctx context.Context) (archive.Result, error) {
			r, err := s.a.Abort(ctx, archivetest.Release)
			switch {
			case isNoJob(err): // it never began
				return r, nil
			case isPublished(err):
				return s.a.Restore(ctx, archivetest.Release)
			}
			if err == nil {
				s.emptyArchive()
			}
			return r, err
		}, func(s *site) { s.says(mirror.Active); s.untouched() }},
		{"prune, resumed", archived, prune, prune, func(s *site) { s.says(mirror.Pruned); s.gone() }},
		{"prune, restored", archived, prune, restore, whole},
		{"purge, resumed", trashed, purge, purge, func(s *site) { s.says(mirror.Pruned); s.gone() }},
		{"purge, restored", trashed, purge, restore, whole},
		{"restore from the trash", trashed, restore, restore, whole},
		{"restore from the archive", purged, restore, restore, whole},
	}
	for _, tt := range tests {
		for _, kind := range []string{"stop", "fail", "lost"} {
			t.Run(tt.name+"/"+kind, func(t *testing.T) {
				points := 0
				for _, docs := range []bool{true, false} {
					for n := 1; !t.Failed() && crash(t, &fuse{kind: kind, n: n, docs: docs}, tt.before, tt.do, tt.then, tt.after); n += stride(docs) {
						points++
					}
				}
				t.Logf("%d points", points)
			})
		}
	}
}

// stride takes every commit point, and leaves out some of the other steps unless all are asked for.
func stride(docs bool) int {
	if docs || os.Getenv("MIRRORCTL_CRASH_ALL") != "" {
		return 1
	}
	return 17
}

// crash runs one case and reports whether its step was reached.
func crash(t *testing.T, f *fuse, before func(*site), do, then func(*site, context.Context) (archive.Result, error), after func(*site)) bool {
	t.Helper()
	s := newSite(t)
	want := s.files()
	before(s)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f.cancel = cancel
	s.reopen(fused(f))
	_, err := do(s, counting{ctx, f})
	if err != nil && !f.blown {
		t.Fatalf("step %d: without a fault: %v", f.n, err)
	}
	if f.kind == "stop" && f.blown && err == nil {
		t.Errorf("step %d: stopped, and no error", f.n)
	}
	// A new process.
	s.doc.Before, s.doc.After = nil, nil
	s.reopen()
	s.sound()
	s.serves(want)
	if r, err := then(s, t.Context()); err != nil {
		t.Errorf("then: %v (%+v)", err, r)
	}
	after(s)
	s.sound()
	s.serves(want)
	if t.Failed() {
		t.Logf("%s at step %d (documents only: %v): %v", f.kind, f.n, f.docs, err)
	}
	s.close()
	return f.blown
}

func (s *site) emptyArchive() {
	s.t.Helper()
	left, err := os.ReadDir(s.dir)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, d := range left {
		if d.Name() != ".mirrorctl" && d.Name() != ".well-known" {
			s.t.Errorf("the archive still holds %s", d.Name())
		}
	}
}
