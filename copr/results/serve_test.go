package results_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/rpmpack"

	"mirrorctl/copr"
	"mirrorctl/copr/results"
	"mirrorctl/repomd/hot"
)

// The server takes each generation at once: metadata and signature come together, so none is held back to see what follows.
func TestHotTakesEachGeneration(t *testing.T) {
	root, k := t.TempDir(), newKey(t)
	tree := results.New(results.Options{Root: root, Signer: k})
	cache, err := hot.New(hot.Options{})
	must(t, err)
	defer cache.Close()
	dir := filepath.ToSlash(results.Dir(project.Name, copr.Stable, el9))
	for id := uint64(1); id <= 3; id++ {
		b := build(id)
		must(t, tree.Publish(t.Context(), project, copr.Stable, b, b.Chroots[0], deliver(t, id, "x86_64")))
		changed, err := cache.Load(t.Context(), os.DirFS(root), dir)
		if err != nil || !changed {
			t.Fatalf("generation %d: %v, %v", id, changed, err)
		}
		raw, ok1 := cache.Lookup(dir+"/repodata/repomd.xml", "dnf")
		asc, ok2 := cache.Lookup(dir+"/repodata/repomd.xml.asc", "dnf")
		if !ok1 || !ok2 {
			t.Fatalf("generation %d is not served", id)
		}
		must(t, k.verifies(raw.Bytes(), asc.Bytes()))
	}
}

// One more build in a repository of a thousand packages costs one build, not a thousand.
func TestThousandPackages(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIP: makes 1,000 packages")
	}
	root, k := t.TempDir(), newKey(t)
	tree := results.New(results.Options{Root: root, Signer: k})
	from := t.TempDir()
	for i := range 1000 {
		p, err := rpmpack.NewRPM(rpmpack.RPMMetaData{Name: fmt.Sprintf("p%d", i), Version: "1", Release: "1", Arch: "x86_64"})
		must(t, err)
		p.AddFile(rpmpack.RPMFile{Name: fmt.Sprintf("/usr/share/p%d", i), Body: make([]byte, 100<<10), Mode: 0o644})
		f, err := os.Create(filepath.Join(from, fmt.Sprintf("p%d-1-1.x86_64.rpm", i)))
		must(t, err)
		must(t, p.Write(f))
		must(t, f.Close())
	}
	big, small := build(1), build(2)
	must(t, tree.Publish(t.Context(), project, copr.Stable, big, big.Chroots[0], from))
	begin := time.Now()
	must(t, tree.Publish(t.Context(), project, copr.Stable, small, small.Chroots[0], deliver(t, 2, "x86_64")))
	warm := time.Since(begin)
	begin = time.Now()
	must(t, results.New(results.Options{Root: root, Signer: k}).Regenerate(t.Context(), project, copr.Stable, el9))
	t.Logf("one build more: %v; all read anew: %v", warm, time.Since(begin))
	if n := len(listed(t, k, path(root, copr.Stable, el9))); n != 1002 {
		t.Errorf("%d packages", n)
	}
}
