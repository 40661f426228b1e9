package index_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mirrorctl/mirror"
	"mirrorctl/mirror/index"

	"golang.org/x/sys/unix"
)

func openRoot(t testing.TB, dir string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

func write(t testing.TB, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		full := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(name), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

func scan(t testing.TB, root *os.Root, prev *index.Index, opts index.Options) (*index.Index, index.Stats) {
	t.Helper()
	x, stats, err := index.Scan(t.Context(), root, prev, opts)
	if err != nil {
		t.Fatal(err)
	}
	return x, stats
}

// later makes a scan believe that all directories have rested for long.
func later() time.Time { return time.Now().Add(time.Hour) }

// dump writes an index down, times included.
func dump(x *index.Index) string {
	var out strings.Builder
	var visit func(p mirror.Path)
	visit = func(p mirror.Path) {
		entries, ok := x.ReadDir(p)
		if !ok {
			fmt.Fprintf(&out, "%s is missing\n", p)
		}
		for _, e := range entries {
			fmt.Fprintf(&out, "%s %+v\n", p, e)
			if e.Type == index.Dir {
				visit(p.Join(mirror.Path(e.Name)))
			}
		}
	}
	visit("")
	return out.String()
}

func TestScanFindsWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a/b/1.rpm", "a/b/2.rpm", "a/c", "z", "secret/s", "é ü/x",
		// What is left out:
		".mirrorctl-trash/j/x", "a/.mirrorctl/x", "a/.mirrorctl-tmp-0-b", "a/.c.rpm.Xy12Zz", "a/back\\slash", "a/new\nline")
	if err := errors.Join(os.Symlink("/etc", filepath.Join(dir, "a", "etc")), os.Symlink("b", filepath.Join(dir, "a", "d")), os.Link(filepath.Join(dir, "z"), filepath.Join(dir, "y")),
		syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o644), os.Mkdir(filepath.Join(dir, "empty"), 0o755)); err != nil {
		t.Fatal(err)
	}
	x, stats := scan(t, openRoot(t, dir), nil, index.Options{})
	var got []string
	for p, e := range x.Files() {
		got = append(got, fmt.Sprint(p, " ", e.Type, " ", e.Size, " ", e.Links))
	}
	slices.Sort(got)
	want := []string{"a/b/1.rpm 0 9 1", "a/b/2.rpm 0 9 1", "a/c 0 3 1", "a/d 2 1 1", "a/etc 2 4 1", "fifo 3 0 1", "secret/s 0 8 1", "y 0 1 2", "z 0 1 2", "é ü/x 0 7 1"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	files, dirs := x.Len()
	if files != len(want) || dirs != 6 || stats.Files != files || stats.Dirs != dirs || stats.Read != 6 || stats.Changed != 6 || stats.Skipped != 6 {
		t.Errorf("%d files, %d directories, %+v", files, dirs, stats)
	}
	if _, ok := x.ReadDir("a/etc"); ok {
		t.Error("a symbolic link was followed")
	}
	if list, ok := x.ReadDir("a"); !ok || len(list) != 4 || list[0].Name != "b" || list[0].Type != index.Dir {
		t.Errorf("a: %+v", list)
	}
	if list, ok := x.ReadDir("empty"); !ok || len(list) != 0 {
		t.Errorf("empty: %+v, %v", list, ok)
	}
	info, err := os.Lstat(filepath.Join(dir, "a", "c"))
	if err != nil {
		t.Fatal(err)
	}
	if e, ok := x.Stat("a/c"); !ok || !e.ModTime().Equal(info.ModTime()) || e.Size != info.Size() {
		t.Errorf("a/c: %+v, %v", e, ok)
	}
	for _, p := range []mirror.Path{"", "nope", "a/nope", "a/c/x", ".mirrorctl-trash", "a/.mirrorctl"} {
		if e, ok := x.Stat(p); ok {
			t.Errorf("Stat(%q) = %+v", p, e)
		}
	}
}

func TestRescanReadsOnlyWhatChanged(t *testing.T) {
	dir := t.TempDir()
	for i := range 20 {
		write(t, dir, fmt.Sprintf("r/%d/Packages/a.rpm", i), fmt.Sprintf("r/%d/repodata/repomd.xml", i))
	}
	root := openRoot(t, dir)
	opts := index.Options{Now: later}
	first, stats := scan(t, root, nil, opts)
	if stats.Read != 62 {
		t.Errorf("first scan read %d directories, want 62", stats.Read)
	}
	again, stats := scan(t, root, first, opts)
	if again != first || stats.Read != 0 || stats.Changed != 0 {
		t.Errorf("nothing changed, but %+v, and the index is new: %v", stats, again != first)
	}
	time.Sleep(20 * time.Millisecond) // a tick of the file system's clock
	write(t, dir, "r/7/Packages/b.rpm")
	third, stats := scan(t, root, first, opts)
	if stats.Read != 1 || stats.Changed != 1 || stats.Files != 41 {
		t.Errorf("one file more: %+v", stats)
	}
	if _, ok := third.Stat("r/7/Packages/b.rpm"); !ok {
		t.Error("the new file is not there")
	}
	if _, ok := first.Stat("r/7/Packages/b.rpm"); ok {
		t.Error("the old index has changed")
	}
	before, _ := first.Stat("r/7/Packages")
	after, _ := third.Stat("r/7/Packages")
	if before.MTime == after.MTime {
		t.Error("the directory's own time is stale in its unchanged parent")
	}
	full, _ := scan(t, root, nil, opts)
	if dump(third) != dump(full) {
		t.Error("a rescan sees something else than a scan")
	}
}

// rsync -t puts a directory's mtime back after it replaced a file in it.
func TestRescanSeesThroughMtimesSetBack(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "r/repomd.xml", "r/new")
	past := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "r"), past, past); err != nil {
		t.Fatal(err)
	}
	root := openRoot(t, dir)
	first, _ := scan(t, root, nil, index.Options{Now: later})
	time.Sleep(20 * time.Millisecond)
	if err := errors.Join(os.Rename(filepath.Join(dir, "r", "new"), filepath.Join(dir, "r", "repomd.xml")), os.Chtimes(filepath.Join(dir, "r"), past, past)); err != nil {
		t.Fatal(err)
	}
	second, stats := scan(t, root, first, index.Options{Now: later})
	if _, ok := second.Stat("r/new"); ok || stats.Read != 1 {
		t.Errorf("the replaced file was not seen: %+v", stats)
	}
}

// A file overwritten in place leaves its directory as it was: documented, and what Full is for.
func TestOnlyAFullScanSeesOverwritesInPlace(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "r/a.rpm")
	root := openRoot(t, dir)
	first, _ := scan(t, root, nil, index.Options{Now: later})
	if err := os.WriteFile(filepath.Join(dir, "r", "a.rpm"), []byte("longer than before"), 0o644); err != nil {
		t.Fatal(err)
	}
	quick, _ := scan(t, root, first, index.Options{Now: later})
	full, stats := scan(t, root, first, index.Options{Now: later, Full: true})
	if quick != first {
		t.Error("a rescan read a directory that had not changed")
	}
	if e, _ := full.Stat("r/a.rpm"); e.Size != 18 || stats.Changed != 1 || stats.Read != 2 {
		t.Errorf("full scan: %+v, %+v", e, stats)
	}
}

// A directory that changed a moment ago may change again within the same tick of the clock.
func TestFreshDirectoriesAreReadAgain(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "r/a")
	root := openRoot(t, dir)
	x, _ := scan(t, root, nil, index.Options{})
	for i := range 50 {
		write(t, dir, fmt.Sprintf("r/%d", i))
		x, _ = scan(t, root, x, index.Options{})
		if _, ok := x.Stat(mirror.Path(fmt.Sprintf("r/%d", i))); !ok {
			t.Fatalf("file %d, written just before the scan, is not seen", i)
		}
	}
	_, stats := scan(t, root, x, index.Options{})
	if stats.Read != 2 || stats.Changed != 0 {
		t.Errorf("%+v: want both fresh directories read, none changed", stats)
	}
}

// Whatever happens to a tree, a rescan, or a rescan of a reloaded index, equals a scan from nothing.
func TestRescansEqualScans(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d", seed)
	dir := t.TempDir()
	root := openRoot(t, dir)
	pick := func() string {
		parts := make([]string, 1+random.IntN(4))
		for i := range parts {
			parts[i] = string(rune('a' + random.IntN(4)))
		}
		return filepath.Join(append([]string{dir}, parts...)...)
	}
	var x *index.Index
	for round := range 60 {
		for range 6 {
			p, q := pick(), pick()
			switch random.IntN(6) {
			case 0, 1:
				os.MkdirAll(filepath.Dir(p), 0o755)
				os.WriteFile(p, []byte(p), 0o644)
			case 2:
				os.RemoveAll(p)
			case 3:
				os.Rename(p, q)
			case 4:
				os.Link(p, q)
			case 5:
				os.Symlink(q, p)
			}
		}
		x, _ = scan(t, root, x, index.Options{Workers: 1 + random.IntN(4)})
		if round%7 == 0 {
			y, err := index.Decode(x.Encode())
			if err != nil {
				t.Fatal(err)
			}
			x = y
		}
		whole, _ := scan(t, root, nil, index.Options{})
		if got, want := dump(x), dump(whole); got != want {
			// Link counts and sizes may change without the directory: only those may differ.
			if full, _ := scan(t, root, x, index.Options{Full: true}); dump(full) != want {
				t.Fatalf("round %d: a full rescan differs from a scan", round)
			} else if names(x) != names(whole) {
				t.Fatalf("round %d: got\n%s\nwant\n%s", round, got, want)
			}
		}
	}
}

func names(x *index.Index) string {
	var all []string
	for p, e := range x.Files() {
		all = append(all, fmt.Sprint(p, e.Type))
	}
	return strings.Join(all, "\n")
}

func TestDirectoriesMayVanishUnderAScan(t *testing.T) {
	dir := t.TempDir()
	root := openRoot(t, dir)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(stop)
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			base := filepath.Join(dir, fmt.Sprint(i%5))
			os.MkdirAll(filepath.Join(base, "x", "y", "z"), 0o755)
			os.WriteFile(filepath.Join(base, "x", "f"), nil, 0o644)
			os.Rename(filepath.Join(base, "x"), filepath.Join(base, "w"))
			os.RemoveAll(base)
			os.Symlink("/", base)
			os.Remove(base)
		}
	})
	var x *index.Index
	for range 300 {
		x, _ = scan(t, root, x, index.Options{})
		if strings.Contains(dump(x), "missing") {
			t.Fatal("an entry for a directory that the index does not have")
		}
		if _, ok := x.ReadDir("0/etc"); ok {
			t.Fatal("the scan left the root")
		}
	}
}

// A directory becomes a link to the outside after its parent was read and before it is opened itself.
func TestADirectoryBecomesALinkUnderAScan(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	write(t, outside, "secret")
	write(t, dir, "a/x", "b/y", "c/z")
	calls := 0
	opts := index.Options{Workers: 1, Now: func() time.Time {
		if calls++; calls == 3 { // the start, the root, and now a
			b := filepath.Join(dir, "b")
			if err := errors.Join(os.RemoveAll(b), os.Symlink(outside, b)); err != nil {
				t.Error(err)
			}
		}
		return time.Now()
	}}
	x, _ := scan(t, openRoot(t, dir), nil, opts)
	if got, want := names(x), "a/x0\nc/z0"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, ok := x.Stat("b"); ok || strings.Contains(dump(x), "missing") {
		t.Error("what is no directory any more is still listed as one")
	}
}

func TestUnreadableDirectoriesAreToldOf(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "open/a", "closed/b")
	root := openRoot(t, dir)
	closed := filepath.Join(dir, "closed")
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(closed, 0o755)
	if os.Geteuid() == 0 { // root reads everything: this thread shall be nobody, and end with the test
		runtime.LockOSThread()
		if err := unix.Setfsuid(65534); err != nil {
			t.Fatal(err)
		}
		defer unix.Setfsuid(0)
	}
	x, stats := scan(t, root, nil, index.Options{Now: later, Workers: 1})
	if !slices.Equal(stats.Unreadable, []mirror.Path{"closed"}) {
		t.Errorf("%+v", stats)
	}
	if list, ok := x.ReadDir("closed"); !ok || len(list) != 0 {
		t.Errorf("closed: %+v, %v", list, ok)
	}
	if os.Geteuid() == 0 {
		unix.Setfsuid(0)
	}
	os.Chmod(closed, 0o755)
	x, _ = scan(t, root, x, index.Options{Now: later, Workers: 1})
	if _, ok := x.Stat("closed/b"); !ok {
		t.Error("once opened, the directory is still empty")
	}
}

func TestScanStopsWhenToldTo(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a/b/c")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if x, _, err := index.Scan(ctx, openRoot(t, dir), nil, index.Options{}); x != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", x, err)
	}
	// In the middle: the clock is asked once for each directory.
	calls := 0
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	opts := index.Options{Workers: 1, Now: func() time.Time {
		if calls++; calls == 3 {
			cancel()
		}
		return time.Now()
	}}
	if x, _, err := index.Scan(ctx, openRoot(t, dir), nil, opts); x != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", x, err)
	}
}
