package archive_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrorctl/archive"
	"mirrorctl/archive/archivetest"
	"mirrorctl/mirror"
)

// prune expects that nothing leaves the root, and why.
func (s *site) notYet(what string) *archive.NotYetError {
	s.t.Helper()
	_, err := s.a.Prune(s.t.Context(), archivetest.Release)
	var e *archive.NotYetError
	if !errors.As(err, &e) || e.What != what {
		s.t.Fatalf("prune: %v, want not yet: %s", err, what)
	}
	s.untouched()
	s.says(mirror.Archived)
	return e
}

// A release leaves the root when, and only when, nobody needs it there any more.
func TestDrain(t *testing.T) {
	s := newSite(t, slow)
	ctx := t.Context()
	published := s.clock
	gen := uint64(0)
	follow := func(g uint64, last time.Time) {
		f := mirror.Follower{ID: "host-1", Generation: g, LastRoot: map[mirror.Release]time.Time{archivetest.Release: last}}
		if err := s.followers.Announce(ctx, f); err != nil {
			t.Fatal(err)
		}
	}
	follow(0, published)
	r := s.archived()
	if len(r.Behind) != 1 || r.Behind[0] != "host-1" {
		t.Errorf("behind: %v", r.Behind)
	}
	gen = s.doc.Now().Generation

	if e := s.notYet("grace"); !e.Until.Equal(published.Add(14*24*time.Hour)) || !e.Until.Equal(r.DrainDue) {
		t.Errorf("until %v", e.Until)
	}
	s.clock = published.Add(14 * 24 * time.Hour)
	s.notYet("followers")
	follow(gen, s.clock.Add(-9*time.Minute))
	if e := s.notYet("quiet"); !e.Until.Equal(s.clock.Add(time.Minute)) {
		t.Errorf("until %v", e.Until)
	}
	s.clock = s.clock.Add(time.Minute)
	// The proof is two weeks old by now and is made anew.
	r = ok(t)(s.a.Prune(ctx, archivetest.Release))
	if r.State != archive.Trashed || !r.Proof.At().Equal(s.clock) {
		t.Errorf("%+v, proof of %v", r, r.Proof.At())
	}
	s.gone()

	var e *archive.NotYetError
	if _, err := s.a.Purge(ctx, archivetest.Release); !errors.As(err, &e) || e.What != "retention" || !e.Until.Equal(s.clock.Add(7*24*time.Hour)) {
		t.Errorf("purge: %v", err)
	}
	s.sound()
	s.clock = s.clock.Add(8 * 24 * time.Hour)
	if r := ok(t)(s.a.Purge(ctx, archivetest.Release)); r.State != archive.Purged {
		t.Errorf("%+v", r)
	}
	if r := ok(t)(s.a.Purge(ctx, archivetest.Release)); !r.Nothing {
		t.Errorf("purged twice: %+v", r)
	}
	s.sound()
}

// Without an archive that answers with the right bytes, nothing leaves the root.
func TestCanary(t *testing.T) {
	lying := func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "<html>under construction</html>") }
	absent := http.NotFound
	for name, handler := range map[string]http.HandlerFunc{"lying": lying, "404": absent, "refused": nil} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.archived()
			url := refused(t)
			if handler != nil {
				srv := httptest.NewServer(handler)
				defer srv.Close()
				url = srv.URL
			}
			s.reopen(through(t, url))
			if _, err := s.a.Prune(t.Context(), archivetest.Release); err == nil {
				t.Error("pruned")
			} else if !strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "nothing was deleted") {
				t.Errorf("%v", err)
			}
			s.untouched()
			s.sound()
		})
	}
}

// refused is a URL where nothing listens.
func refused(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprintf("http://%s/", l.Addr())
}

func through(t *testing.T, url string) option {
	return func(_ *site, c *archive.Site) {
		p, err := archive.NewHTTPProber(url)
		if err != nil {
			t.Fatal(err)
		}
		c.Prober = p
	}
}

// The archive's URL is tried before anything is copied: silence is a warning, wrong bytes are not.
func TestProbe(t *testing.T) {
	s := newSite(t, through(t, refused(t)))
	r := s.archived()
	if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "connection refused") {
		t.Errorf("warnings: %q", r.Warnings)
	}
	lying := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "mirrorctl probe of yesterday\n") }))
	defer lying.Close()
	s = newSite(t, through(t, lying.URL))
	var pre *archive.PreflightError
	if _, err := s.a.Archive(t.Context(), archivetest.Target(), eol); !errors.As(err, &pre) {
		t.Errorf("a URL that leads elsewhere: %v", err)
	}
	s.says(mirror.Active)

	s = newSite(t)
	srv := httptest.NewServer(http.StripPrefix("/archive/", http.FileServer(http.Dir(s.dir))))
	defer srv.Close()
	s.reopen(through(t, srv.URL+"/archive/"))
	if r := s.archived(); len(r.Warnings) > 0 {
		t.Errorf("warnings: %q", r.Warnings)
	}
	ok(t)(s.a.Prune(t.Context(), archivetest.Release))
	s.gone()
}

func TestNewHTTPProberRefuses(t *testing.T) {
	for _, url := range []string{"", "archive", "/archive/", "ftp://host/", "http:///x", "http://[::1"} {
		if _, err := archive.NewHTTPProber(url); err == nil {
			t.Errorf("%q was taken", url)
		}
	}
}

// Whatever changed in the root since it was archived stops a prune before the first tree moves.
func TestTrashConflicts(t *testing.T) {
	in := func(s *site, name string) string { return filepath.Join(s.root, name) }
	tests := map[string]func(t *testing.T, s *site) error{
		"a new file":     func(t *testing.T, s *site) error { return os.WriteFile(in(s, updates+"/new.rpm"), nil, 0o644) },
		"a file is gone": func(t *testing.T, s *site) error { return os.Remove(in(s, "free/fedora/releases/25/README")) },
		"another time": func(t *testing.T, s *site) error {
			return os.Chtimes(in(s, "free/fedora/releases/25/README"), time.Time{}, s.clock)
		},
		"another mode":   func(t *testing.T, s *site) error { return os.Chmod(in(s, "free/fedora/releases/25/README"), 0o600) },
		"a deleted tree": func(t *testing.T, s *site) error { return os.RemoveAll(in(s, "nonfree/fedora/updates/25")) },
		"another target": func(t *testing.T, s *site) error {
			return errors.Join(os.Remove(in(s, "free/fedora/releases/25/latest")), os.Symlink("x", in(s, "free/fedora/releases/25/latest")))
		},
		"bytes in secret": func(t *testing.T, s *site) error { flip(t, in(s, updates+"/gamma-1-1.fc25.x86_64.rpm")); return nil },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.archived()
			if err := change(t, s); err != nil {
				t.Fatal(err)
			}
			s.before = archivetest.Tree(t, s.root)
			var conflict *archive.ConflictError
			if _, err := s.a.Prune(t.Context(), archivetest.Release); !errors.As(err, &conflict) {
				t.Fatalf("prune: %v", err)
			}
			s.untouched()
			s.says(mirror.Archived)
			if _, err := s.a.Restore(t.Context(), archivetest.Release); name != "a deleted tree" && !errors.As(err, &conflict) {
				t.Errorf("restore: %v", err)
			}
			if st, err := s.a.Status(archivetest.Release); err != nil || name != "a deleted tree" && st.Reason == "" {
				t.Errorf("status does not say why: %+v, %v", st, err)
			}
		})
	}
}

// A tree that something brought back while it lay in the trash is nobody's to overwrite.
func TestBroughtBack(t *testing.T) {
	s := newSite(t)
	s.archived()
	ok(t)(s.a.Prune(t.Context(), archivetest.Release))
	back := filepath.Join(s.root, string(archivetest.Trees[0]))
	if err := os.MkdirAll(back, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(back, "synced"), "by an rsync")
	var conflict *archive.ConflictError
	if _, err := s.a.Restore(t.Context(), archivetest.Release); !errors.As(err, &conflict) {
		t.Fatalf("restore: %v", err)
	}
	if data, err := os.ReadFile(filepath.Join(back, "synced")); err != nil || string(data) != "by an rsync" {
		t.Errorf("%q, %v", data, err)
	}
	s.says(mirror.Pruned)
}

// The same, while a prune that was stopped half way is continued.
func TestBroughtBackHalfWay(t *testing.T) {
	for n := 1; ; n++ {
		s := newSite(t)
		s.archived()
		ctx, cancel := context.WithCancel(t.Context())
		f := &fuse{kind: "stop", n: n, cancel: cancel}
		s.reopen(fused(f))
		r, err := s.a.Prune(counting{ctx, f}, archivetest.Release)
		cancel()
		if err == nil {
			t.Fatal("no step leaves some trees here and some there")
		}
		s.doc.Before, s.doc.After = nil, nil
		s.reopen()
		first, last := archivetest.Trees[0], archivetest.Trees[len(archivetest.Trees)-1]
		_, moved := os.Stat(filepath.Join(s.root, ".mirrorctl-trash", r.Job, string(first)))
		_, stays := os.Stat(filepath.Join(s.root, string(last)))
		if moved != nil || stays != nil {
			s.close()
			continue
		}
		if err := os.MkdirAll(filepath.Join(s.root, string(first)), 0o755); err != nil {
			t.Fatal(err)
		}
		var conflict *archive.ConflictError
		if _, err := s.a.Prune(t.Context(), archivetest.Release); !errors.As(err, &conflict) {
			t.Errorf("prune: %v", err)
		}
		if err := os.Remove(filepath.Join(s.root, string(first))); err != nil {
			t.Fatal(err)
		}
		ok(t)(s.a.Prune(t.Context(), archivetest.Release))
		s.gone()
		return
	}
}

// A rotten archive is not restored, and nothing of it reaches the root.
func TestRestoreOfRot(t *testing.T) {
	s := newSite(t)
	s.archived()
	ok(t)(s.a.Prune(t.Context(), archivetest.Release))
	ok(t)(s.a.Purge(t.Context(), archivetest.Release))
	flip(t, filepath.Join(s.dir, updates, "gamma-1-1.fc25.x86_64.rpm"))
	if _, err := s.a.Restore(t.Context(), archivetest.Release); !errors.Is(err, archive.ErrUnverified) {
		t.Errorf("%v", err)
	}
	s.gone()
	s.says(mirror.Restoring)
	flip(t, filepath.Join(s.dir, updates, "gamma-1-1.fc25.x86_64.rpm"))
	ok(t)(s.a.Restore(t.Context(), archivetest.Release))
	s.untouched()
}

// What the archive lost is not unlinked, and what the archive never held is not either.
func TestPurgeAsksFirst(t *testing.T) {
	s := newSite(t)
	s.archived()
	r := ok(t)(s.a.Prune(t.Context(), archivetest.Release))
	lost := filepath.Join(s.dir, updates, "gamma-1-1.fc25.x86_64.rpm")
	data, err := os.ReadFile(lost)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(lost); err != nil {
		t.Fatal(err)
	}
	trash := filepath.Join(s.root, ".mirrorctl-trash", r.Job)
	before := archivetest.Tree(t, trash)
	if _, err := s.a.Purge(t.Context(), archivetest.Release); !errors.Is(err, archive.ErrUnverified) {
		t.Fatalf("purge: %v", err)
	}
	same(t, "the trash", archivetest.Tree(t, trash), before)

	write(t, lost, string(data))
	stray := filepath.Join(trash, updates, "stray")
	write(t, stray, "came in between")
	edited := filepath.Join(trash, "free/fedora/releases/25/README")
	write(t, edited, "by hand\n")
	res := ok(t)(s.a.Purge(t.Context(), archivetest.Release))
	if _, err := os.Stat(stray); err != nil || len(res.Left) == 0 {
		t.Errorf("stray: %v, left: %v", err, res.Left)
	}
	if data, err := os.ReadFile(edited); err != nil || string(data) != "by hand\n" {
		t.Errorf("a file that is not what was archived: %q, %v", data, err)
	}
	if _, err := os.Stat(filepath.Join(trash, "tombstone.json")); err != nil {
		t.Errorf("no tombstone: %v", err)
	}
}

// A rotten archive is noticed before a prune, and by Verify at any time.
func TestVerify(t *testing.T) {
	tests := map[string]func(s *site, name string) error{
		"a flipped bit": func(s *site, name string) error { flip(s.t, name); return nil },
		"a cut file":    func(s *site, name string) error { return os.Truncate(name, 3) },
		"a lost file":   func(s *site, name string) error { return os.Remove(name) },
		"a directory":   func(s *site, name string) error { return errors.Join(os.Remove(name), os.Mkdir(name, 0o755)) },
	}
	for name, rot := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, slow)
			s.archived()
			first, err := s.a.Verify(t.Context(), archivetest.Release)
			if err != nil || first.Files() == 0 || first.Bytes() == 0 {
				t.Fatalf("%+v, %v", first, err)
			}
			// Nothing but the manifest speaks for this one.
			if err := rot(s, filepath.Join(s.dir, "free/fedora/releases/25/README")); err != nil {
				t.Fatal(err)
			}
			var bad *archive.VerifyError
			if _, err := s.a.Verify(t.Context(), archivetest.Release); !errors.As(err, &bad) || !errors.Is(err, archive.ErrUnverified) {
				t.Fatalf("verify: %v", err)
			}
			if p := bad.Faults[0].Path; p != "free/fedora/releases/25/README" {
				t.Errorf("faults: %v", bad.Faults)
			}
			if found, err := s.a.Audit(t.Context(), archivetest.Release); err != nil || len(found) == 0 || found[0].Invariant != "I3" {
				t.Errorf("audit: %v, %v", found, err)
			}
			// The proof is too old by then, and none can be made.
			s.clock = s.clock.Add(30 * 24 * time.Hour)
			if _, err := s.a.Prune(t.Context(), archivetest.Release); err == nil {
				t.Error("pruned")
			}
			s.untouched()
		})
	}
}

// A bucket that rots between copy and proof is not published.
func TestVerifyBeforePublish(t *testing.T) {
	mem := archivetest.NewMemory()
	const name mirror.Path = updates + "/gamma-1-1.fc25.x86_64.rpm"
	s := newSite(t, func(s *site, c *archive.Site) {
		s.store = mem
		c.Store = archivetest.Wrap(mem, func(op string, p mirror.Path, after bool) error {
			if op == "put" && after && p == name {
				mem.Flip(name)
			}
			return nil
		})
	})
	if _, err := s.a.Archive(t.Context(), archivetest.Target(), eol); !errors.Is(err, archive.ErrUnverified) {
		t.Fatalf("%v", err)
	}
	s.says(mirror.Archiving)
	s.untouched()
	if r := ok(t)(s.a.Abort(context.Background(), archivetest.Release)); r.State != archive.Aborted || mem.Len() != 0 {
		t.Errorf("%+v, %d objects", r, mem.Len())
	}
}
