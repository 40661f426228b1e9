package mirror_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mirrorctl/mirror"
)

// swapperEnv makes the test binary a process that increments the document it names.
const swapperEnv = "MIRRORCTL_TEST_SWAPPER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(swapperEnv); dir != "" {
		if err := increment(context.Background(), dir, fmt.Sprintf("process-%d", os.Getpid()), swaps); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const swaps = 10 // of each contender

func open(t testing.TB, dir string) *mirror.FileState {
	t.Helper()
	s, err := mirror.OpenFileState(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// increment counts Files of one release up n times, by its own FileState.
func increment(ctx context.Context, dir, who string, n int) error {
	s, err := mirror.OpenFileState(dir)
	if err != nil {
		return err
	}
	defer s.Close()
	r := mirror.Release{Product: "fedora", Version: "25"}
	for done := 0; done < n; {
		d, err := s.Load(ctx)
		if err != nil {
			return err
		}
		rec := mirror.Record{State: mirror.Archived}
		if old := d.Releases[r]; old != nil {
			rec = *old
		}
		rec.Files++
		rec.Job = who
		switch err := s.Swap(ctx, d.With(r, &rec)); {
		case err == nil:
			done++
		case !errors.Is(err, mirror.ErrConflict):
			return err
		}
	}
	return nil
}

// Eight goroutines and four processes swap; each successful swap must be counted.
func TestNoUpdateIsLost(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	errs := make(chan error, 12)
	for i := range 8 {
		wg.Go(func() { errs <- increment(t.Context(), dir, fmt.Sprintf("goroutine-%d", i), swaps) })
	}
	for range 4 {
		wg.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
			cmd.Env = append(os.Environ(), swapperEnv+"="+dir)
			out, err := cmd.CombinedOutput()
			if err != nil {
				err = fmt.Errorf("%w: %s", err, out)
			}
			errs <- err
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	d, err := open(t, dir).Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Releases[release(t, "fedora-25")].Files; got != 12*swaps || d.Generation != 12*swaps {
		t.Errorf("%d swaps counted at generation %d, want %d", got, d.Generation, 12*swaps)
	}
}

func TestLoadSwapLoad(t *testing.T) {
	dir := t.TempDir()
	a, b := open(t, dir), open(t, dir)
	empty, err := a.Load(t.Context())
	if err != nil || empty.Generation != 0 || len(empty.Releases) != 0 {
		t.Fatalf("%+v, %v; want the empty document", empty, err)
	}
	r := release(t, "el-5")
	first := empty.With(r, &mirror.Record{State: mirror.Archived, Since: time.Unix(1700000000, 0).UTC(), Job: "j", Trees: []mirror.Path{"free/el/updates/5"},
		Repositories: []mirror.Repository{{RepoID: mirror.RepoID{Name: "free-el-updates-released-5", Arch: "i386"}, Dir: "free/el/updates/5/i386", Release: r}}, Files: 7})
	if err := a.Swap(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	got, err := b.Load(t.Context())
	if err != nil || got.Generation != 1 || got.State(r) != mirror.Archived || got.Releases[r].Repositories[0].Dir != "free/el/updates/5/i386" {
		t.Fatalf("%+v, %v", got, err)
	}
	if again, _ := b.Load(t.Context()); again != got {
		t.Error("an unchanged document was read again")
	}
	if err := b.Swap(t.Context(), got.With(r, nil)); err != nil {
		t.Fatal(err)
	}
	if latest, err := a.Load(t.Context()); err != nil || latest.Generation != 2 || latest.State(r) != mirror.Active {
		t.Errorf("%+v, %v", latest, err)
	}
	err = a.Swap(t.Context(), first.With(r, nil)) // follows 1, 2 is stored
	if !errors.Is(err, mirror.ErrConflict) || !strings.Contains(err.Error(), "generation 2 is stored, 2 would follow 1") {
		t.Errorf("conflict: %v", err)
	}
}

// Swaps in quick succession may leave equal size and mtime behind, and the inode number that the reader has
// seen is free again after the first of two: a reader must see each all the same.
func TestLoadSeesEverySwap(t *testing.T) {
	dir := t.TempDir()
	writer, reader := open(t, dir), open(t, dir)
	d, err := writer.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 40 {
		for range 2 {
			d = d.With(release(t, "fedora-25"), nil)
			if err := writer.Swap(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
		writer.Close() // or it would hold the inode for the reader
		fixed := time.Unix(1700000000, 0)
		if err := os.Chtimes(filepath.Join(dir, "state.json"), fixed, fixed); err != nil {
			t.Fatal(err)
		}
		if got, err := reader.Load(t.Context()); err != nil || got.Generation != d.Generation {
			t.Fatalf("read %v, %v; want generation %d", got, err, d.Generation)
		}
	}
}

func TestBadDocumentsAreNeverEmpty(t *testing.T) {
	good := `{"format":1,"generation":3,"releases":{"fedora-25":{"state":"archived"}}}`
	tests := []struct{ name, content, want string }{
		{"empty file", "", "unexpected end"},
		{"cut short", good[:40], "unexpected end"},
		{"zeros after a power cut", strings.Repeat("\x00", 100), "invalid character"},
		{"another format", `{"format":2,"generation":3,"releases":{}}`, "format 2; this program knows format 1"},
		{"no format", `{}`, "not a state document"},
		{"another file", `[]`, "cannot unmarshal"},
		{"unknown key", `{"format":1,"generation":3,"relases":{}}`, "relases"},
		{"something behind", good + good, "invalid character"},
		{"generation 0", `{"format":1,"releases":{}}`, "generation 0"},
		{"unknown state", `{"format":1,"generation":3,"releases":{"fedora-25":{"state":"gone"}}}`, `unknown state "gone"`},
		{"no record", `{"format":1,"generation":3,"releases":{"fedora-25":null}}`, "has no record"},
		{"no release", `{"format":1,"generation":3,"releases":{"":{"state":"active"}}}`, "is no release"},
		{"bad release", `{"format":1,"generation":3,"releases":{"fedora":{"state":"active"}}}`, "product-version"},
		{"tree outside", `{"format":1,"generation":3,"releases":{"fedora-25":{"state":"archived","trees":["../etc"]}}}`, "bad path"},
		{"the root as a tree", `{"format":1,"generation":3,"releases":{"fedora-25":{"state":"archived","trees":[""]}}}`, "bad path"},
		{"our own names", `{"format":1,"generation":3,"releases":{"fedora-25":{"state":"archived","trees":["a/.mirrorctl-trash"]}}}`, "program's own"},
		{"count below zero", `{"format":1,"generation":3,"releases":{"fedora-25":{"state":"archived","files":-1}}}`, "below zero"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir)
			name := filepath.Join(dir, "state.json")
			if err := os.WriteFile(name, []byte(tt.content), 0o644); err != nil {
				t.Fatal(err)
			}
			d, err := s.Load(t.Context())
			if err == nil {
				t.Fatalf("read as %+v", d)
			}
			for _, want := range []string{name, tt.want, "backup"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q lacks %q", err, want)
				}
			}
			if err := s.Swap(t.Context(), (&mirror.Document{}).With(release(t, "el-5"), nil)); err == nil {
				t.Error("a swap replaced a document that nobody can read")
			}
			if raw, _ := os.ReadFile(name); string(raw) != tt.content {
				t.Error("the bad document was touched")
			}
		})
	}
}

func TestSwapRefusesWhatItCouldNotRead(t *testing.T) {
	s := open(t, t.TempDir())
	for name, d := range map[string]*mirror.Document{
		"bad tree":     document(t, "el-5", mirror.Archived, []mirror.Path{"/etc"}, nil),
		"bad state":    document(t, "el-5", "lost", nil, nil),
		"other format": {Format: 9, Generation: 1},
		"generation 0": {Format: mirror.DocumentFormat},
	} {
		if err := s.Swap(t.Context(), d); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if d, err := s.Load(t.Context()); err != nil || d.Generation != 0 {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestAVanishedDocumentIsAnError(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if err := s.Swap(t.Context(), document(t, "el-5", mirror.Archived, nil, nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(dir, "state.json"))
	if d, err := s.Load(t.Context()); err == nil {
		t.Errorf("%+v: every archived release would be active", d)
	}
}

func TestStateDirectoryMustExist(t *testing.T) {
	if _, err := mirror.OpenFileState(filepath.Join(t.TempDir(), "typo")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestSwapWaitsForTheLockAndCanBeCancelled(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	holder := exec.CommandContext(t.Context(), "flock", filepath.Join(dir, "locks", "state"), "-c", "echo held; sleep 30")
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Skip("SKIP: no flock(1):", err)
	}
	defer func() { holder.Process.Kill(); holder.Wait() }()
	if _, err := out.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.Swap(ctx, document(t, "el-5", mirror.Archived, nil, nil)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want a deadline", err)
	}
}

func TestFollowers(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	s.Now = func() time.Time { return now }
	r := release(t, "fedora-25")
	for _, f := range []mirror.Follower{
		{ID: "web2-7", Generation: 3, Seen: now, LastRoot: map[mirror.Release]time.Time{r: now}},
		{ID: "web1-9", Generation: 2, Seen: now.Add(-mirror.FollowerTTL)},
		{ID: "dead-1", Generation: 1, Seen: now.Add(-mirror.FollowerTTL - time.Second)},
		{ID: "old-1", Generation: 1, Seen: now.Add(-48 * time.Hour)},
	} {
		if err := s.Announce(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	ids := func() string {
		live, err := s.Followers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, f := range live {
			ids = append(ids, fmt.Sprintf("%s@%d", f.ID, f.Generation))
		}
		return strings.Join(ids, " ")
	}
	if got := ids(); got != "web1-9@2 web2-7@3" {
		t.Errorf("live: %s", got)
	}
	if live, _ := s.Followers(t.Context()); !live[1].LastRoot[r].Equal(now) {
		t.Errorf("last root: %+v", live[1])
	}
	if err := errors.Join(s.Announce(t.Context(), mirror.Follower{ID: "web1-9", Generation: 4, Seen: now}), s.Withdraw(t.Context(), "web2-7"), s.Withdraw(t.Context(), "web2-7")); err != nil {
		t.Fatal(err)
	}
	if got := ids(); got != "web1-9@4" {
		t.Errorf("live: %s", got)
	}
	if err := s.Announce(t.Context(), mirror.Follower{ID: "new-1", Seen: now}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "followers", "old-1.json")); !errors.Is(err, os.ErrNotExist) {
		t.Error("the word of a server that died two days ago is still there")
	}
	for _, id := range []string{"", "..", "a/b", ".x", strings.Repeat("a", 300)} {
		if err := s.Announce(t.Context(), mirror.Follower{ID: id}); err == nil {
			t.Errorf("id %q accepted", id)
		}
	}
	// A word that cannot be read may be that of a living server.
	bad := filepath.Join(dir, "followers", "bad-1.json")
	if err := os.WriteFile(bad, []byte(`{"id":`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Followers(t.Context()); err == nil || !strings.Contains(err.Error(), bad) {
		t.Errorf("%v", err)
	}
}

func FuzzParseDocument(f *testing.F) {
	f.Add([]byte(`{"format":1,"generation":3,"releases":{"fedora-25":{"state":"pruned","trees":["a/b"],"repositories":[{"name":"n","arch":"x86_64","dir":"a/b","release":"fedora-25"}]}}}`))
	f.Add([]byte(`{"format":1,"generation":1,"releases":null}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := mirror.ParseDocument(raw)
		if err != nil {
			return
		}
		// What was accepted can be stored, and reads the same.
		s := open(t, t.TempDir())
		d.Generation = 1
		if err := s.Swap(t.Context(), d); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		again, err := s.Load(t.Context())
		if err != nil || fmt.Sprint(again.Sorted()) != fmt.Sprint(d.Sorted()) {
			t.Fatalf("%s: %v, %v", raw, again, err)
		}
		mirror.NewCatalog(layout(t, "flat"), d, nil).Releases()
	})
}

func BenchmarkLoadUnchanged(b *testing.B) {
	s := open(b, b.TempDir())
	if err := s.Swap(b.Context(), document(b, "el-5", mirror.Archived, nil, nil)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.Load(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
