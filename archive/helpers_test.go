package archive_test

import (
	"errors"
	"os"
	"testing"
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
