package archivetest_test

import (
	"testing"

	"mirrorctl/archive"
	"mirrorctl/archive/archivetest"
	"mirrorctl/mirror"
)

func TestMemory(t *testing.T) {
	archivetest.TestStore(t, func() archive.Store { return archivetest.NewMemory() })
}

// A hook that does nothing changes nothing.
func TestWrapped(t *testing.T) {
	archivetest.TestStore(t, func() archive.Store {
		return archivetest.Wrap(archivetest.NewMemory(), func(string, mirror.Path, bool) error { return nil })
	})
}
