package index_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"mirrorctl/mirror"
	"mirrorctl/mirror/index"
)

// filesEnv sets how many files the benchmarks' tree has: 250000 for the figures that count.
const filesEnv = "MIRRORCTL_BENCH_FILES"

// repositories of the benchmarks' tree.
const repositories = 500

// tree builds a mirror of 500 repositories with 10,000 files, or as many as the environment says.
func tree(b *testing.B) string {
	files := 10_000
	if s := os.Getenv(filesEnv); s != "" && !testing.Short() {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatal(err)
		}
		files = n
	}
	dir := b.TempDir()
	for i := range repositories {
		arch := []string{"x86_64", "aarch64", "i386", "ppc64le"}[i%4]
		repo := filepath.Join(dir, []string{"free", "nonfree"}[i/4%2], "fedora", "updates", fmt.Sprint(8+i/8), arch)
		for _, sub := range []string{"repodata", "a", "l", "x"} {
			if err := os.MkdirAll(filepath.Join(repo, sub), 0o755); err != nil {
				b.Fatal(err)
			}
		}
		for j := range files / repositories {
			name := fmt.Sprintf("%s/library-with-a-name-%d-1.%d-1.fc%d.%s.rpm", []string{"a", "l", "x"}[j%3], j, i, 8+i/8, arch)
			if j == 0 {
				name = "repodata/repomd.xml"
			}
			f, err := os.Create(filepath.Join(repo, name))
			if err != nil {
				b.Fatal(err)
			}
			f.Close()
		}
	}
	return dir
}

func BenchmarkIndex(b *testing.B) {
	dir := tree(b)
	root := openRoot(b, dir)
	opts := index.Options{Now: later}
	first, stats := scan(b, root, nil, opts)
	b.Logf("%d files in %d directories", stats.Files, stats.Dirs)
	state := b.TempDir()
	if err := index.Save(state, first); err != nil {
		b.Fatal(err)
	}
	loaded, err := index.Load(state)
	if err != nil {
		b.Fatal(err)
	}
	raw := first.Encode()
	l := rpmfusion(b)

	b.Run("Scan", func(b *testing.B) {
		for b.Loop() {
			scan(b, root, nil, opts)
		}
	})
	b.Run("WalkDir", func(b *testing.B) { // what it would cost through io/fs
		for b.Loop() {
			n := 0
			err := fs.WalkDir(root.FS(), ".", func(_ string, d fs.DirEntry, err error) error {
				if err == nil {
					_, err = d.Info()
				}
				n++
				return err
			})
			if err != nil || n != stats.Files+stats.Dirs {
				b.Fatal(n, err)
			}
		}
	})
	b.Run("Rescan", func(b *testing.B) {
		for b.Loop() {
			if x, stats := scan(b, root, loaded, opts); x != loaded || stats.Read != 0 {
				b.Fatalf("%+v", stats)
			}
		}
	})
	b.Run("RescanOneChanged", func(b *testing.B) {
		x := loaded
		for i := 0; b.Loop(); i++ {
			b.StopTimer()
			time.Sleep(10 * time.Millisecond)
			write(b, dir, fmt.Sprintf("free/fedora/updates/8/x86_64/a/new-%d", i))
			b.StartTimer()
			var stats index.Stats
			if x, stats = scan(b, root, x, opts); stats.Changed != 1 {
				b.Fatalf("%+v", stats)
			}
		}
	})
	b.Run("Save", func(b *testing.B) {
		for b.Loop() {
			if err := index.Save(state, first); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(raw)), "bytes")
	})
	b.Run("Load", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := index.Load(state); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Catalog", func(b *testing.B) {
		for b.Loop() {
			c := mirror.NewCatalog(l, nil, loaded.Repositories(l), loaded.Trees(l)...)
			if n := len(c.Repositories()); n != repositories {
				b.Fatal(n)
			}
		}
	})
	b.Run("Totals", func(b *testing.B) {
		for b.Loop() {
			loaded.Totals(l)
		}
	})
	b.Run("Stat", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			loaded.Stat("free/fedora/updates/8/x86_64/repodata/repomd.xml")
		}
	})
}
