package dirstore_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mirrorctl/archive"
	"mirrorctl/archive/archivetest"
	"mirrorctl/archive/dirstore"
	"mirrorctl/mirror"
)

func TestStore(t *testing.T) {
	for _, mode := range []dirstore.LinkMode{dirstore.Copy, dirstore.Reflink, dirstore.Hardlink} {
		t.Run(string(mode), func(t *testing.T) {
			archivetest.TestStore(t, func() archive.Store { return open(t, t.TempDir(), mode) })
		})
	}
}

func open(t *testing.T, dir string, mode dirstore.LinkMode) *dirstore.Store {
	t.Helper()
	s, err := dirstore.Open(dir, mode)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestOpenRefuses(t *testing.T) {
	if _, err := dirstore.Open(filepath.Join(t.TempDir(), "absent"), dirstore.Copy); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a directory that is not there: %v", err)
	}
	if _, err := dirstore.Open(t.TempDir(), "symlink"); err == nil || !strings.Contains(err.Error(), "want copy") {
		t.Errorf("a link mode that is none: %v", err)
	}
}

// With Hardlink the archive shares the inode, and with Copy it does not.
func TestLinkModes(t *testing.T) {
	for mode, shared := range map[dirstore.LinkMode]bool{dirstore.Copy: false, dirstore.Reflink: false, dirstore.Hardlink: true} {
		t.Run(string(mode), func(t *testing.T) {
			dir := t.TempDir()
			name := filepath.Join(dir, "source")
			if err := os.WriteFile(name, []byte("content"), 0o644); err != nil {
				t.Fatal(err)
			}
			f, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if err := os.Mkdir(filepath.Join(dir, "archive"), 0o755); err != nil {
				t.Fatal(err)
			}
			s := open(t, filepath.Join(dir, "archive"), mode)
			e := archive.Entry{Path: "a/file", Type: archive.File, Size: 7, Mode: 0o644, MTime: archivetest.When.UnixNano()}
			if err := s.Put(t.Context(), "job", e, onDisk{f}); err != nil {
				t.Fatal(err)
			}
			a, b := inode(t, name), inode(t, filepath.Join(dir, "archive", "a", "file"))
			if (a == b) != shared {
				t.Errorf("inodes %d and %d", a, b)
			}
		})
	}
}

type onDisk struct{ f *os.File }

func (o onDisk) Read(p []byte) (int, error) { return o.f.Read(p) }
func (o onDisk) File() *os.File             { return o.f }

func inode(t *testing.T, name string) uint64 {
	t.Helper()
	st, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return st.Sys().(*syscall.Stat_t).Ino
}

// What an interrupted Put left behind is swept by its own job and by no other.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, dirstore.Copy)
	if err := os.Mkdir(filepath.Join(dir, "a"), 0o755); err != nil {
		t.Fatal(err)
	}
	mine, other := ".mirrorctl-tmp-job-1-1.1-file", ".mirrorctl-tmp-job-2-1.1-file"
	for _, name := range []string{mine, other} {
		if err := os.WriteFile(filepath.Join(dir, "a", name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Sweep(t.Context(), "job-1", []mirror.Path{"a"}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "a", mine)); !os.IsNotExist(err) {
		t.Errorf("left: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "a", other)); err != nil {
		t.Errorf("another job's: %v", err)
	}
}

// A document that was cut short goes; where there is none, nothing is made.
func TestTidy(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, dirstore.Copy)
	if err := s.Tidy(); err != nil {
		t.Fatal(err)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
		t.Errorf("made %v, %v", names, err)
	}
	if _, err := s.Swap(t.Context(), archive.ProbePath, "", []byte("probe")); err != nil {
		t.Fatal(err)
	}
	probe := filepath.Join(dir, archive.ProbePath.FS())
	if _, err := s.Swap(t.Context(), ".mirrorctl/el-5/head.json", "", []byte("head")); err != nil {
		t.Fatal(err)
	}
	left := []string{filepath.Join(filepath.Dir(probe), ".mirrorctl-tmp-mirrorctl-probe"), filepath.Join(dir, ".mirrorctl/el-5/.mirrorctl-tmp-head.json")}
	for _, name := range left {
		if err := os.WriteFile(name, []byte("half"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Tidy(); err != nil {
		t.Fatal(err)
	}
	for _, name := range left {
		if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("left %s: %v", name, err)
		}
	}
	if data, err := os.ReadFile(probe); err != nil || string(data) != "probe" {
		t.Errorf("%q, %v", data, err)
	}
}

// A symlink in the archive leads nobody out of it.
func TestNoEscape(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(dir, "outside")
	if err := errors.Join(os.Mkdir(outside, 0o755), os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o644), os.Mkdir(filepath.Join(dir, "archive"), 0o755)); err != nil {
		t.Fatal(err)
	}
	s := open(t, filepath.Join(dir, "archive"), dirstore.Copy)
	if err := os.Symlink(outside, filepath.Join(dir, "archive", "way-out")); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Open(t.Context(), "way-out/secret"); err == nil {
		data, _ := io.ReadAll(r)
		t.Errorf("read %q", data)
	}
	e := archive.Entry{Path: "way-out/new", Type: archive.File, Size: 1, Mode: 0o644}
	if err := s.Put(t.Context(), "job", e, archivetest.NewBytes("x", io.EOF)); err == nil {
		t.Error("wrote through a symlink")
	}
	if _, err := os.Stat(filepath.Join(outside, "new")); err == nil {
		t.Error("wrote outside")
	}
}

// A Put that is cut off leaves its temp to be swept, and no name.
func TestInterruptedPut(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, dirstore.Copy)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	e := archive.Entry{Path: "a/file", Type: archive.File, Size: 10, Mode: 0o644}
	if err := s.Put(ctx, "job", e, cutting{cancel}); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v", err)
	}
	names, err := os.ReadDir(filepath.Join(dir, "a"))
	if err != nil || len(names) > 0 {
		t.Errorf("%v, %v", names, err)
	}
}

type cutting struct{ cancel context.CancelFunc }

func (c cutting) Read(p []byte) (int, error) { c.cancel(); return copy(p, "hello"), nil }
func (c cutting) File() *os.File             { return nil }
