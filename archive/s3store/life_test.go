package s3store_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mirrorctl/archive"
	"mirrorctl/archive/archivetest"
	"mirrorctl/archive/s3store"
	"mirrorctl/test/s3"
)

// site is the fixture's root and an Archiver that keeps it in a bucket.
type site struct {
	root, before string
	a            *archive.Archiver
}

func newSite(t *testing.T, store archive.Store) *site {
	t.Helper()
	tmp := t.TempDir()
	s := &site{root: filepath.Join(tmp, "pub")}
	if err := errors.Join(os.Mkdir(s.root, 0o755), os.Mkdir(filepath.Join(tmp, "state"), 0o755)); err != nil {
		t.Fatal(err)
	}
	archivetest.Fixture(t, s.root)
	// Large enough to go in parts, and twice: another name of it.
	iso := filepath.Join(s.root, "free/fedora/releases/25/Server/large.img")
	data := make([]byte, 11<<20)
	for i := range data {
		data[i] = byte(i * i >> 7)
	}
	if err := errors.Join(os.WriteFile(iso, data, 0o644), os.Link(iso, iso+".2"),
		os.Chtimes(iso, archivetest.When, archivetest.When), os.Chtimes(filepath.Dir(iso), archivetest.When, archivetest.When)); err != nil {
		t.Fatal(err)
	}
	s.before = archivetest.Tree(t, s.root)
	var err error
	s.a, err = archive.Open(archive.Site{
		Root: s.root, Dir: filepath.Join(tmp, "state"), Store: store, State: &archivetest.State{}, Followers: &archivetest.Followers{},
		Prober: archivetest.Prober{Store: store}, AckWait: 100 * time.Millisecond, Workers: 4,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.a.Close() })
	return s
}

// archived archives the release, as often as an operator would.
func (s *site) archived(t *testing.T, tries int) {
	t.Helper()
	for i := range tries {
		r, err := s.a.Archive(t.Context(), archivetest.Target(), archive.Options{Force: true})
		if err == nil {
			if r.State != archive.Published {
				t.Fatalf("%+v", r)
			}
			return
		}
		t.Logf("try %d: %v", i, err)
	}
	t.Fatalf("not archived after %d tries", tries)
}

// A release is archived in a bucket, verified, pruned, purged and restored: everything of it
// comes back, times in nanoseconds, modes, links and what S3 does not know.
func TestLife(t *testing.T) {
	server := s3.Start(t)
	s := newSite(t, open(t, server))
	ctx := t.Context()
	server.Proxy.Inject(nil)
	s.archived(t, 1)
	fmt.Printf("figure: %d S3 requests for an archive run of the fixture\n", server.Proxy.Inject(nil))
	if _, err := s.a.Verify(ctx, archivetest.Release); err != nil {
		t.Fatal(err)
	}
	if r, err := s.a.Prune(ctx, archivetest.Release); err != nil || r.State != archive.Trashed {
		t.Fatalf("%+v, %v", r, err)
	}
	if r, err := s.a.Purge(ctx, archivetest.Release); err != nil || r.State != archive.Purged {
		t.Fatalf("%+v, %v", r, err)
	}
	if _, err := os.Stat(filepath.Join(s.root, "free/fedora/releases/25")); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("still in the root: %v", err)
	}
	if r, err := s.a.Restore(ctx, archivetest.Release); err != nil || r.State != archive.Restored {
		t.Fatalf("%+v, %v", r, err)
	}
	if after := archivetest.Tree(t, s.root); after != s.before {
		t.Errorf("before:\n%s\nafter:\n%s", s.before, after)
	}
}

// An unpublished job is undone: no object of it stays, and no open upload.
func TestAbort(t *testing.T) {
	server := s3.Start(t)
	store := open(t, server)
	s := newSite(t, store)
	ctx, cancel := context.WithCancel(t.Context())
	// The operator gives up when the large file's parts are sent, and the network does too.
	server.Proxy.Inject(func(_ int, r *http.Request) s3.Fault {
		if strings.HasSuffix(r.URL.Path, "/large.img") && r.URL.Query().Has("uploadId") && r.Method != http.MethodPut {
			cancel()
			return s3.Drop
		}
		return s3.None
	})
	if _, err := s.a.Archive(ctx, archivetest.Target(), archive.Options{Force: true}); err == nil {
		t.Fatal("archived, with a file that cannot be completed")
	}
	server.Proxy.Inject(nil)
	ctx = t.Context()
	if n := uploads(t, store); n == 0 {
		t.Error("no upload was left open: the test tests nothing")
	}
	if r, err := s.a.Abort(ctx, archivetest.Release); err != nil || r.State != archive.Aborted {
		t.Fatalf("%+v, %v", r, err)
	}
	if n := uploads(t, store); n > 0 {
		t.Errorf("%d uploads left open", n)
	}
	for o, err := range store.List(ctx, "") {
		if err != nil || o.Path != archive.ProbePath {
			t.Errorf("left: %v, %v", o.Path, err)
		}
	}
	if after := archivetest.Tree(t, s.root); after != s.before {
		t.Error("the root changed")
	}
}

// Every 13th request meets another fault, and the server is killed and comes back: the release is
// archived all the same, and every byte of it is right.
func TestArchiveUnderFaults(t *testing.T) {
	server := s3.Start(t)
	store := open(t, server)
	s := newSite(t, store)
	var injected, killed atomic.Int32
	server.Proxy.Inject(func(n int, _ *http.Request) s3.Fault {
		if n == 70 {
			killed.Add(1)
			server.Kill()
			time.AfterFunc(200*time.Millisecond, server.Run)
		}
		if n%13 != 12 {
			return s3.None
		}
		return s3.Faults[int(injected.Add(1))%len(s3.Faults)]
	})
	s.archived(t, 20)
	fmt.Printf("figure: %d faults and a killed server while the fixture was archived\n", injected.Load())
	if injected.Load() < 8 || killed.Load() != 1 {
		t.Errorf("%d faults, %d kills: the test tests too little", injected.Load(), killed.Load())
	}
	server.Proxy.Inject(nil)
	if _, err := s.a.Verify(t.Context(), archivetest.Release); err != nil {
		t.Fatal(err)
	}
	if after := archivetest.Tree(t, s.root); after != s.before {
		t.Error("the root changed")
	}
}

func uploads(t *testing.T, store *s3store.Store) int {
	t.Helper()
	n, err := store.Uploads(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}
