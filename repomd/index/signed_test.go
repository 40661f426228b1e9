package index_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/rpmpack"

	"mirrorctl/repomd/index"
)

// mark signs with a hash: it tells which repomd.xml a signature is of.
type mark struct{}

func (mark) SignRepomd(_ context.Context, raw []byte) ([]byte, error) {
	return fmt.Appendf(nil, "%x", sha256.Sum256(raw)), nil
}

type broken struct{}

func (broken) SignRepomd(context.Context, []byte) ([]byte, error) { return nil, errors.New("no key") }

// A reader that opens repodata once never finds a repomd.xml with its neighbour's signature, however often it changes.
func TestSignedGenerations(t *testing.T) {
	dir := t.TempDir()
	build := func(n int) error {
		write(t, dir, "p.rpm", pack(t, rpmpack.RPMMetaData{Name: "p", Version: fmt.Sprint(n), Release: "1", Arch: "noarch"}, nil))
		_, err := index.Build(t.Context(), dir, index.Options{Signer: mark{}, Unsynced: true, Time: time.Unix(int64(n), 0)})
		return err
	}
	if err := build(1); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for looks := 0; ; looks++ {
			select {
			case <-done:
				t.Logf("%d looks", looks)
				return
			default:
			}
			repodata, err := os.OpenRoot(filepath.Join(dir, "repodata")) // one generation, whatever stands there next
			if err != nil {
				t.Error(err)
				return
			}
			raw, err1 := repodata.ReadFile("repomd.xml")
			asc, err2 := repodata.ReadFile("repomd.xml.asc")
			repodata.Close()
			if errors.Is(err1, os.ErrNotExist) || errors.Is(err2, os.ErrNotExist) {
				continue // the old directory, on its way out
			}
			if want := fmt.Sprintf("%x", sha256.Sum256(raw)); err1 != nil || err2 != nil || string(asc) != want {
				t.Errorf("%v, %v: signature %s of another repomd.xml, %s", err1, err2, asc, want)
				return
			}
		}
	})
	for n := 2; n <= 60; n++ {
		if err := build(n); err != nil {
			t.Error(err)
		}
	}
	close(done)
	wg.Wait()

	before, err := os.ReadFile(filepath.Join(dir, "repodata/repomd.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := index.Build(t.Context(), dir, index.Options{Signer: broken{}}); err == nil || !strings.Contains(err.Error(), "no key") {
		t.Errorf("without a key: %v", err)
	}
	if after, err := os.ReadFile(filepath.Join(dir, "repodata/repomd.xml")); err != nil || string(after) != string(before) {
		t.Errorf("a signer that failed changed the repository: %v", err)
	}
}

// What is remembered is the same as what is read, and a package that changed in place is read again.
func TestKnown(t *testing.T) {
	dir, known := t.TempDir(), &index.Known{}
	put := func(name, version string) {
		write(t, dir, name, pack(t, rpmpack.RPMMetaData{Name: "p", Version: version, Release: "1", Arch: "noarch"}, nil))
	}
	repomd := func(k *index.Known) string {
		t.Helper()
		if _, err := index.Build(t.Context(), dir, index.Options{Known: k, Time: buildTime}); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(filepath.Join(dir, "repodata/repomd.xml"))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	put("a.rpm", "1")
	put("b.rpm", "2")
	first := repomd(known)
	if again := repomd(known); again != first || again != repomd(nil) {
		t.Error("what is remembered is another repository")
	}
	put("b.rpm", "3") // same name, size and mtime
	if changed := repomd(known); changed == first || changed != repomd(nil) {
		t.Error("a package that changed in place was not read again")
	}
	if err := os.Remove(filepath.Join(dir, "a.rpm")); err != nil {
		t.Fatal(err)
	}
	if left := repomd(known); left != repomd(nil) {
		t.Error("a package that left is still there")
	}
}
