package durable_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mirrorctl/internal/durable"
)

func content(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestWriteReplacesAsAWhole(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a")
	for _, text := range []string{"first", "second, and longer", ""} {
		if err := durable.WriteFile(name, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
		if got := content(t, name); got != text {
			t.Errorf("got %q, want %q", got, text)
		}
	}
	if got := names(t, dir); got != "a" {
		t.Errorf("left: %s", got)
	}
}

// A writer that fails half way leaves the old content, and nothing else.
func TestWriteThatFails(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a")
	if err := durable.WriteFile(name, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	failed := errors.New("no more")
	err := durable.Write(name, 0o644, func(w io.Writer) error {
		io.WriteString(w, "half")
		return failed
	})
	if !errors.Is(err, failed) || content(t, name) != "old" || names(t, dir) != "a" {
		t.Errorf("%v; %q; left: %s", err, content(t, name), names(t, dir))
	}
	if err := durable.WriteFile(filepath.Join(dir, "missing", "a"), nil, 0o644); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory that is not there: %v", err)
	}
}

// What a crash left of a Replace is taken by the next one.
func TestReplaceLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	name, left := filepath.Join(dir, "a"), filepath.Join(dir, durable.TempPrefix+"a")
	if err := os.WriteFile(left, []byte(strings.Repeat("half", 1000)), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := durable.Replace(name, []byte("whole"), 0o644); err != nil {
		t.Fatal(err)
	}
	if content(t, name) != "whole" || names(t, dir) != "a" {
		t.Errorf("%q; left: %s", content(t, name), names(t, dir))
	}
	// A job that will never write it again throws it away.
	os.WriteFile(left, []byte("half"), 0o644)
	os.WriteFile(filepath.Join(dir, durable.TempName("b")), nil, 0o644)
	for range 2 {
		if err := durable.Discard(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := durable.DiscardAll(dir); err != nil || content(t, name) != "whole" || names(t, dir) != "a" {
		t.Errorf("%v, %q; left: %s", err, content(t, name), names(t, dir))
	}
	// A link in its place is nobody's to follow.
	victim := filepath.Join(t.TempDir(), "victim")
	os.WriteFile(victim, []byte("mine"), 0o644)
	if err := os.Symlink(victim, left); err != nil {
		t.Fatal(err)
	}
	if err := durable.Replace(name, []byte("again"), 0o644); err == nil || content(t, victim) != "mine" {
		t.Errorf("followed a link: %v, %q", err, content(t, victim))
	}
}

func TestRenameReplacesNothing(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "sub", "b")
	if err := durable.MkdirAll(filepath.Dir(b), 0o755); err != nil {
		t.Fatal(err)
	}
	os.WriteFile(a, []byte("a"), 0o644)
	if err := durable.Rename(a, b); err != nil || content(t, b) != "a" {
		t.Fatalf("%v", err)
	}
	os.WriteFile(a, []byte("other"), 0o644)
	if err := durable.Rename(a, b); !errors.Is(err, fs.ErrExist) || content(t, b) != "a" {
		t.Errorf("%v, %q", err, content(t, b))
	}
}

func TestMkdirAll(t *testing.T) {
	dir := t.TempDir()
	deep := filepath.Join(dir, "a", "b", "c")
	for range 2 {
		if err := durable.MkdirAll(deep, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "file")
	os.WriteFile(file, nil, 0o644)
	if err := durable.MkdirAll(filepath.Join(file, "sub"), 0o755); err == nil {
		t.Error("made a directory in a file")
	}
}
