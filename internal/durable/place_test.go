package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mirrorctl/internal/durable"
)

var when = time.Date(2016, 11, 22, 10, 11, 12, 131415161, time.UTC)

func openDir(t *testing.T, root string, name string) *durable.Dir {
	t.Helper()
	r, err := os.OpenRoot(root)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	d, err := durable.OpenDir(r, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

func TestPlace(t *testing.T) {
	dir := t.TempDir()
	d := openDir(t, dir, ".")
	attr := durable.Attr{Mode: 0o4640, MTime: when, Owner: &durable.Owner{UID: uint32(os.Geteuid()), GID: uint32(os.Getegid())}}
	fill := func(f *os.File) error { _, err := f.WriteString("bytes"); return err }
	if err := durable.Place(d, durable.TempFor("job", "file"), "file", attr, fill, nil); err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(filepath.Join(dir, "file"))
	if err != nil || st.Size() != 5 || !st.ModTime().Equal(when) || st.Mode() != fs.ModeSetuid|0o640 {
		t.Errorf("%v, %v", st, err)
	}
	// A name that is taken stays as it is, and the temp goes.
	err = durable.Place(d, durable.TempFor("job", "file"), "file", attr, func(f *os.File) error { return nil }, nil)
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("placed over a file: %v", err)
	}
	wrong := errors.New("wrong")
	refuse := func(f *os.File) error { return wrong }
	if err := durable.Place(d, durable.TempFor("job", "other"), "other", attr, refuse, nil); !errors.Is(err, wrong) {
		t.Errorf("%v", err)
	}
	// The check sees all that will stand under the name, before it does.
	err = durable.Place(d, durable.TempFor("job", "other"), "other", attr, fill, func(f *os.File) error {
		st, err := f.Stat()
		if err != nil || st.Size() != 5 || !st.ModTime().Equal(when) || st.Mode() != fs.ModeSetuid|0o640 {
			t.Errorf("checked %v, %v", st, err)
		}
		if _, err := d.Stat("other"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("there before the check has ended: %v", err)
		}
		return wrong
	})
	if !errors.Is(err, wrong) {
		t.Errorf("placed in spite of its check: %v", err)
	}
	if got := names(t, dir); got != "file" {
		t.Errorf("left: %s", got)
	}
}

func TestPlaceLink(t *testing.T) {
	dir := t.TempDir()
	d := openDir(t, dir, ".")
	for range 2 {
		err := durable.PlaceLink(d, durable.TempFor("job", "l"), "l", "../away", durable.Attr{MTime: when})
		if err != nil && !errors.Is(err, fs.ErrExist) {
			t.Fatal(err)
		}
	}
	st, err := os.Lstat(filepath.Join(dir, "l"))
	if err != nil || !st.ModTime().Equal(when) || st.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("%v, %v", st, err)
	}
	if target, err := d.Readlink("l"); err != nil || target != "../away" {
		t.Errorf("%q, %v", target, err)
	}
	if got := names(t, dir); got != "l" {
		t.Errorf("left: %s", got)
	}
}

func TestDirRenameReplacesNothing(t *testing.T) {
	dir := t.TempDir()
	d := openDir(t, dir, ".")
	for _, name := range []string{"a", "b"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// rename(2) would replace an empty directory.
	if err := d.Rename("a", d, "b"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v", err)
	}
	if err := d.Rename("a", d, "c"); err != nil {
		t.Error(err)
	}
	if err := d.Unlink("b"); err == nil {
		t.Error("unlinked a directory")
	}
	if err := d.Rmdir("b"); err != nil {
		t.Error(err)
	}
	if err := d.Rmdir("b"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if got := names(t, dir); got != "c" {
		t.Errorf("left: %s", got)
	}
}

// No name leads out of a root or through a symlink.
func TestDirStaysInside(t *testing.T) {
	dir := t.TempDir()
	outside, inside := filepath.Join(dir, "outside"), filepath.Join(dir, "inside")
	if err := errors.Join(os.Mkdir(outside, 0o755), os.Mkdir(inside, 0o755), os.Symlink(outside, filepath.Join(inside, "link"))); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(inside)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, name := range []string{"link", "link/x", "..", "../outside", "/"} {
		if d, err := durable.OpenDir(root, name); err == nil {
			d.Close()
			t.Errorf("opened %s", name)
		}
	}
	for _, name := range []string{"link/x", "../x"} {
		if d, err := durable.MkdirAllIn(root, name, 0o755); err == nil {
			d.Close()
			t.Errorf("made %s", name)
		}
	}
	if got := names(t, outside); got != "" {
		t.Errorf("outside: %s", got)
	}
	for range 2 {
		d, err := durable.MkdirAllIn(root, "a/b/c", 0o750)
		if err != nil {
			t.Fatal(err)
		}
		if st, err := d.Stat("."); err != nil || st.Mode&0o777 != 0o750 {
			t.Errorf("%o, %v", st.Mode, err)
		}
		d.Close()
	}
}

func TestLinkFile(t *testing.T) {
	dir := t.TempDir()
	d := openDir(t, dir, ".")
	f, err := d.Create("a", 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i, want := range []error{nil, fs.ErrExist} {
		if err := d.LinkFile(f, "b"); !errors.Is(err, want) {
			t.Errorf("%d: %v", i, err)
		}
	}
	a, _ := os.Stat(filepath.Join(dir, "a"))
	b, err := os.Stat(filepath.Join(dir, "b"))
	if err != nil || a.Sys().(*syscall.Stat_t).Ino != b.Sys().(*syscall.Stat_t).Ino {
		t.Errorf("not one inode: %v", err)
	}
	if err := d.Link("a", d, "b"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v", err)
	}
}

func TestTempFor(t *testing.T) {
	one, two := durable.TempFor("job-1", "file"), durable.TempFor("job-1", "file")
	long := durable.TempFor("job-1", strings.Repeat("x", 300))
	if one == two || !durable.IsTemp(one) || len(long) > 255 {
		t.Errorf("%s, %s, %s", one, two, long)
	}
}

// An owner sweeps what is his and nothing else.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	d := openDir(t, dir, ".")
	mine, other := durable.TempFor("job-1", "file"), durable.TempFor("job-2", "file")
	for _, name := range []string{mine, other, "file"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Sweep("job-1"); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); got != other+" file" {
		t.Errorf("left: %s", got)
	}
}

// Every Sync is covered by a flush that began after it; many share one.
func TestGroup(t *testing.T) {
	var written, flushed atomic.Int64
	var flushes atomic.Int64
	g := durable.NewGroup(func() error {
		flushes.Add(1)
		seen := written.Load()
		time.Sleep(time.Millisecond)
		flushed.Store(seen)
		return nil
	})
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			mine := written.Add(1)
			if err := g.Sync(); err != nil {
				t.Error(err)
			}
			if flushed.Load() < mine {
				t.Errorf("write %d was not flushed", mine)
			}
		})
	}
	wg.Wait()
	if n := flushes.Load(); n > 150 {
		t.Errorf("%d flushes of 200 writes", n)
	}
}

// A failed fsync is final: nobody asks again and is told that all is well.
func TestGroupFails(t *testing.T) {
	n := 0
	g := durable.NewGroup(func() error { n++; return unix.EIO })
	for range 3 {
		if err := g.Sync(); !errors.Is(err, unix.EIO) {
			t.Errorf("%v", err)
		}
	}
	if n != 1 {
		t.Errorf("tried %d times", n)
	}
}

func TestFlock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	open := func() *os.File {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	a, b := open(), open()
	defer b.Close()
	if err := durable.Flock(a); err != nil {
		t.Fatal(err)
	}
	if err := durable.Flock(b); !errors.Is(err, unix.EWOULDBLOCK) {
		t.Errorf("locked twice: %v", err)
	}
	a.Close()
	if err := durable.Flock(b); err != nil {
		t.Errorf("after it was given back: %v", err)
	}
}

func TestFree(t *testing.T) {
	if r, err := durable.Free(t.TempDir()); err != nil || r.Bytes <= 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := durable.Free(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}
