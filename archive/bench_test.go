package archive_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"mirrorctl/archive"
	"mirrorctl/archive/archivetest"
	"mirrorctl/archive/dirstore"
)

// BenchmarkArchive plans, copies, verifies past the page cache and publishes. With BENCH_DIR it
// works there, on 2 GB, rather than on 64 MB in memory.
func BenchmarkArchive(b *testing.B) {
	dir, n := place(b), 64
	if d := os.Getenv("BENCH_DIR"); d != "" {
		dir, n = d, 2000
	}
	root := filepath.Join(dir, "pub")
	target := archive.Target{Release: archivetest.Release, Trees: archivetest.Trees[:1]}
	if _, err := os.Stat(root); err != nil {
		target = archivetest.Bulk(b, root, n, 1<<20)
	}
	b.SetBytes(int64(n) << 20)
	for b.Loop() {
		b.StopTimer()
		to, state := filepath.Join(dir, "archive"), filepath.Join(dir, "state")
		for _, d := range []string{to, state} {
			if err := os.RemoveAll(d); err != nil {
				b.Fatal(err)
			}
			if err := os.Mkdir(d, 0o755); err != nil {
				b.Fatal(err)
			}
		}
		store, err := dirstore.Open(to, dirstore.Copy)
		if err != nil {
			b.Fatal(err)
		}
		p := &archive.Progress{}
		a, err := archive.Open(archive.Site{Root: root, Dir: state, Store: store, State: &archivetest.State{}, Prober: archivetest.Prober{Store: store}, Progress: p})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		began := time.Now()
		plan, err := a.NewPlan(b.Context(), target, eol)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(began).Seconds(), "plan-s")
		if _, err := a.Run(b.Context(), plan); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		store.Close()
		a.Close()
		b.StartTimer()
	}
}
