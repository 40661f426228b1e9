package archive_test

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"mirrorctl/archive"
)

func as[T error](err error, target *T) bool { return errors.As(err, target) }

// flip changes a byte in the middle of a file and keeps its times, as a bad disk does.
func flip(t testing.TB, name string) {
	t.Helper()
	st, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(name, st.ModTime(), st.ModTime()); err != nil {
		t.Fatal(err)
	}
}

func isNoJob(err error) bool     { return errors.Is(err, archive.ErrNoJob) }
func isPublished(err error) bool { return errors.Is(err, archive.ErrPublished) }

func readAll(t testing.TB, r io.Reader) []byte {
	t.Helper()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// place is a directory for a test: in memory where the machine has a place for that, since what
// is tested is the order of steps and not fsync.
func place(t testing.TB) string {
	t.Helper()
	if st, err := os.Stat("/dev/shm"); err != nil || !st.IsDir() {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp("/dev/shm", "mirrorctl-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// same compares two trees and names the lines that differ.
func same(t testing.TB, what, got, want string) {
	t.Helper()
	in := func(s string) map[string]bool {
		lines := map[string]bool{}
		for line := range strings.Lines(s) {
			lines[line] = true
		}
		return lines
	}
	g, w := in(got), in(want)
	for line := range strings.Lines(want) {
		if !g[line] {
			t.Errorf("%s lacks  %s", what, line)
		}
	}
	for line := range strings.Lines(got) {
		if !w[line] {
			t.Errorf("%s has    %s", what, line)
		}
	}
}
