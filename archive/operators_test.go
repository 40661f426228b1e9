package archive_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mirrorctl/archive"
	"mirrorctl/archive/archivetest"
	"mirrorctl/archive/dirstore"
	"mirrorctl/mirror"
)

// gate stops the first Put until it is opened.
type gate struct {
	once    sync.Once
	reached chan struct{}
	open    chan struct{}
}

func newGate() *gate { return &gate{reached: make(chan struct{}), open: make(chan struct{})} }

func (g *gate) option(s *site, c *archive.Site) {
	c.Store = archivetest.WrapFull(s.store.(archivetest.Full), func(op string, _ mirror.Path, after bool) error {
		if op == "put" && !after {
			g.once.Do(func() { close(g.reached); <-g.open })
		}
		return nil
	})
	c.Prober = archivetest.Prober{Store: s.store}
}

// A second run at once is refused and told who has the lock; a finished one gives it back.
func TestSecondRun(t *testing.T) {
	g := newGate()
	s := newSite(t, g.option)
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := s.a.Archive(t.Context(), archivetest.Target(), eol); err != nil {
			t.Errorf("the first run: %v", err)
		}
	})
	<-g.reached
	for name, second := range map[string]func() error{
		"archive": func() error { _, err := s.a.Archive(t.Context(), archivetest.Target(), eol); return err },
		"abort":   func() error { _, err := s.a.Abort(t.Context(), archivetest.Release); return err },
		"prune":   func() error { _, err := s.a.Prune(t.Context(), archivetest.Release); return err },
		"restore": func() error { _, err := s.a.Restore(t.Context(), archivetest.Release); return err },
	} {
		var locked *archive.LockedError
		if err := second(); !errors.As(err, &locked) || locked.PID != os.Getpid() || !locked.Since.Equal(s.clock) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if st, err := s.a.Status(archivetest.Release); err != nil || st.State != archive.Copying {
		t.Errorf("status meanwhile: %+v, %v", st, err)
	}
	close(g.open)
	wg.Wait()
	if r := s.archived(); !r.Nothing {
		t.Errorf("%+v", r)
	}
}

// An archiver with another state directory is shut out by the store.
func TestSecondStateDirectory(t *testing.T) {
	g := newGate()
	s := newSite(t, g.option)
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := s.a.Archive(t.Context(), archivetest.Target(), eol); err != nil {
			t.Errorf("the first run: %v", err)
		}
	})
	<-g.reached
	store, err := dirstore.Open(s.dir, dirstore.Copy)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	b, err := archive.Open(archive.Site{Root: s.root, Dir: t.TempDir(), Store: store, State: &archivetest.State{}, Prober: archivetest.Prober{Store: store}})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var locked *archive.LockedError
	if _, err := b.Archive(t.Context(), archivetest.Target(), eol); !errors.As(err, &locked) {
		t.Errorf("%v", err)
	}
	close(g.open)
	wg.Wait()
	// Afterwards it adopts what is there.
	if r, err := b.Archive(t.Context(), archivetest.Target(), eol); err != nil || r.State != archive.Published {
		t.Errorf("%+v, %v", r, err)
	}
}

// A run whose head document was taken over, by an operator of a bucket that knows no locks,
// does nothing more.
func TestTakenOver(t *testing.T) {
	mem := archivetest.NewMemory()
	var taken atomic.Bool
	hook := func(op string, p mirror.Path, after bool) error {
		if op != "put" || taken.Swap(true) {
			return nil
		}
		const head = ".mirrorctl/fedora-25/head.json"
		data, tag, err := mem.Load(context.Background(), head)
		if err != nil {
			return err
		}
		var doc map[string]any
		if err := json.Unmarshal(data, &doc); err != nil {
			return err
		}
		doc["epoch"], doc["holder"] = doc["epoch"].(float64)+1, "other 4711"
		if data, err = json.Marshal(doc); err != nil {
			return err
		}
		_, err = mem.Swap(context.Background(), head, tag, data)
		return err
	}
	s := newSite(t, func(s *site, c *archive.Site) { c.Store, s.store = archivetest.Wrap(mem, hook), mem })
	var lost *archive.LostError
	if _, err := s.a.Archive(t.Context(), archivetest.Target(), eol); !errors.As(err, &lost) || lost.Holder != "other 4711" {
		t.Fatalf("%v", err)
	}
	if st, err := s.a.Status(archivetest.Release); err != nil || st.State != archive.Copying {
		t.Errorf("it went on to %s: %v", st.State, err)
	}
	s.says(mirror.Archiving)
	s.untouched()
}

// Other releases may change the state document at any moment: their changes are kept.
func TestBusyDocument(t *testing.T) {
	s := newSite(t)
	el5 := mirror.Release{Product: "el", Version: "5"}
	n := 0
	s.doc.Before = func(op string) error {
		if n++; op != "state.swap" || n > 20 {
			return nil
		}
		before := s.doc.Before
		s.doc.Before = nil // its own swap is not disturbed
		defer func() { s.doc.Before = before }()
		return s.doc.Swap(t.Context(), s.doc.Now().With(el5, &mirror.Record{State: mirror.Archived, Job: "el-5-x-y", Files: int64(n)}))
	}
	s.archived()
	if rec := s.doc.Now().Releases[el5]; n < 4 || rec == nil || rec.State != mirror.Archived {
		t.Errorf("after %d calls the other release's record is %+v", n, rec)
	}
	s.says(mirror.Archived)
}

// A record that someone else wrote is not overwritten.
func TestForeignRecord(t *testing.T) {
	s := newSite(t)
	s.archived()
	doc := s.doc.Now()
	rec := *doc.Releases[archivetest.Release]
	rec.Job = "fedora-25-another"
	if err := s.doc.Swap(t.Context(), doc.With(archivetest.Release, &rec)); err != nil {
		t.Fatal(err)
	}
	var conflict *archive.ConflictError
	if _, err := s.a.Restore(t.Context(), archivetest.Release); !errors.As(err, &conflict) {
		t.Errorf("restore: %v", err)
	}
	if got := s.doc.Now().Releases[archivetest.Release].Job; got != "fedora-25-another" {
		t.Errorf("job %s", got)
	}
}

// Each step says what it cannot do yet or any more.
func TestWrongOrder(t *testing.T) {
	s := newSite(t)
	ctx := t.Context()
	for name, call := range map[string]func() (archive.Result, error){
		"abort": func() (archive.Result, error) { return s.a.Abort(ctx, archivetest.Release) }, "prune": func() (archive.Result, error) { return s.a.Prune(ctx, archivetest.Release) },
		"purge": func() (archive.Result, error) { return s.a.Purge(ctx, archivetest.Release) }, "restore": func() (archive.Result, error) { return s.a.Restore(ctx, archivetest.Release) },
		"resume": func() (archive.Result, error) { return s.a.Resume(ctx, archivetest.Release, eol) },
	} {
		if _, err := call(); !errors.Is(err, archive.ErrNoJob) {
			t.Errorf("%s of nothing: %v", name, err)
		}
	}
	flip(t, filepath.Join(s.root, updates, "gamma-1-1.fc25.x86_64.rpm"))
	p, err := plan(s, eol)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.a.Run(ctx, p); err == nil {
		t.Fatal("archived a corrupt package")
	}
	if _, err := s.a.Run(ctx, p); !errors.Is(err, archive.ErrUnfinished) {
		t.Errorf("a second job: %v", err)
	}
	if _, err := s.a.Prune(ctx, archivetest.Release); !errors.Is(err, archive.ErrUnpublished) {
		t.Errorf("prune before published: %v", err)
	}
	if _, err := s.a.Restore(ctx, archivetest.Release); !errors.Is(err, archive.ErrUnpublished) {
		t.Errorf("restore before published: %v", err)
	}
	flip(t, filepath.Join(s.root, updates, "gamma-1-1.fc25.x86_64.rpm"))
	s.before = archivetest.Tree(t, s.root)
	s.archived()
	if _, err := s.a.Abort(ctx, archivetest.Release); !errors.Is(err, archive.ErrPublished) {
		t.Errorf("abort after published: %v", err)
	}
	if _, err := s.a.Purge(ctx, archivetest.Release); err == nil || !strings.Contains(err.Error(), "prune it first") {
		t.Errorf("purge before prune: %v", err)
	}
	s.untouched()
	s.sound()
}

// A root that changes under the job is noticed before clients are sent anywhere.
func TestRootChangesMeanwhile(t *testing.T) {
	s := newSite(t)
	hook := func(op string, p mirror.Path, after bool) error {
		if op == "finish" && after {
			return os.WriteFile(filepath.Join(s.root, updates, "late.rpm"), nil, 0o644)
		}
		return nil
	}
	s.reopen(func(s *site, c *archive.Site) { c.Store = archivetest.WrapFull(s.store.(archivetest.Full), hook) })
	var conflict *archive.ConflictError
	if _, err := s.a.Archive(t.Context(), archivetest.Target(), eol); !errors.As(err, &conflict) || !slices.Contains(conflict.Details, updates+"/late.rpm is new") {
		t.Fatalf("%v", err)
	}
	s.says(mirror.Archiving)
	if r := ok(t)(s.a.Abort(t.Context(), archivetest.Release)); r.State != archive.Aborted {
		t.Errorf("%+v", r)
	}
}

// An abort does not remove what may be the last copy.
func TestAbortKeepsLastCopy(t *testing.T) {
	s := newSite(t)
	flip(t, filepath.Join(s.root, updates, "gamma-1-1.fc25.x86_64.rpm"))
	if _, err := s.a.Archive(t.Context(), archivetest.Target(), eol); err == nil {
		t.Fatal("archived a corrupt package")
	}
	if err := os.Remove(filepath.Join(s.root, "free/fedora/releases/25/README")); err != nil {
		t.Fatal(err)
	}
	var conflict *archive.ConflictError
	if _, err := s.a.Abort(t.Context(), archivetest.Release); !errors.As(err, &conflict) {
		t.Fatalf("%v", err)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "free/fedora/releases/25/README")); err != nil {
		t.Errorf("the last copy: %v", err)
	}
}

// A server finds an archived file's size, time and hash through the state document alone.
func TestManifestForServing(t *testing.T) {
	s := newSite(t)
	s.archived()
	rec := s.doc.Now().Releases[archivetest.Release]
	name, err := archive.ManifestPath(s.state, rec)
	if err != nil {
		t.Fatal(err)
	}
	var sum archive.Sum
	if err := sum.UnmarshalText([]byte(rec.Manifest)); err != nil {
		t.Fatal(err)
	}
	m, err := archive.OpenManifest(name, sum)
	if err != nil {
		t.Fatal(err)
	}
	e, found := m.Lookup("free/fedora/releases/25/README")
	if !found || e.Size != 8 || e.Sum.IsZero() || e.ModTime().Before(archivetest.When) || e.FileMode() != 0o640 {
		t.Errorf("%+v", e)
	}
	if e, _ := m.Lookup("free/fedora/releases/25/Server"); e.FileMode() != os.ModeDir|os.ModeSetgid|0o775 {
		t.Errorf("mode %v", e.FileMode())
	}
	if rec.Files != int64(count(m, archive.File)) || rec.Packages != 8 || rec.Bytes == 0 || len(rec.Trees) != 3 {
		t.Errorf("%+v", rec)
	}
	if _, err := archive.ManifestPath(s.state, &mirror.Record{Job: "../../etc", Manifest: archive.Sum{1}.String()}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a manifest that is not there: %v", err)
	}
	if _, err := archive.ManifestPath(s.state, &mirror.Record{Manifest: "../../etc/passwd"}); err == nil {
		t.Error("a manifest name that is none")
	}
}

func count(m *archive.Manifest, typ archive.Type) (n int) {
	for e := range m.Entries() {
		if e.Type == typ {
			n++
		}
	}
	return n
}

// Progress ends where the totals say, and a limited copy takes its time.
func TestProgressAndLimit(t *testing.T) {
	p := &archive.Progress{}
	s := newSite(t, func(_ *site, c *archive.Site) { c.Progress, c.Bandwidth = p, 1<<20 })
	s.archived()
	if now := p.Now(); now.Phase != archive.PhasePublish {
		t.Errorf("%+v", now)
	}
	if _, err := s.a.Verify(t.Context(), archivetest.Release); err != nil {
		t.Fatal(err)
	}
	if now := p.Now(); now.Phase != archive.PhaseVerify || now.Bytes != now.BytesTotal || now.Files != now.FilesTotal || now.Bytes == 0 {
		t.Errorf("%+v", now)
	}
}

// A canceled run leaves a job that can be continued, and says so.
func TestCanceled(t *testing.T) {
	g := newGate()
	s := newSite(t, g.option)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := s.a.Archive(ctx, archivetest.Target(), eol)
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "can be continued") {
			t.Errorf("%v", err)
		}
	})
	<-g.reached
	cancel()
	close(g.open)
	wg.Wait()
	s.sound()
	s.archived()
	s.untouched()
	s.sound()
	if jobs, err := s.a.Jobs(mirror.Release{}); err != nil || len(jobs) != 1 || jobs[0].Begun.After(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v, %v", jobs, err)
	}
}
