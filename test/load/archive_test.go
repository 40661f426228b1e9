package load

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mirrorctl/test/binary"
)

// release writes about total bytes of files, in sizes from 10 KB to 64 MB, as trees of fedora-25.
func release(t *testing.T, root string, total int64) (files int) {
	t.Helper()
	random := rand.New(rand.NewPCG(25, 25))
	source := rand.NewChaCha8([32]byte{25})
	dir := filepath.Join(root, "free/fedora/releases/25/Everything/x86_64/os/Packages")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for total > 0 {
		size := int64(10_000) << random.IntN(13) // 10 KB … 41 MB, as many of each
		size = min(size+random.Int64N(size), total)
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("p%05d-1-1.fc25.x86_64.rpm", files)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(f, source, size); err != nil {
			t.Fatal(err)
		}
		f.Close()
		total -= size
		files++
	}
	return files
}

// coldCache writes back and drops the page cache, so that both sides read the disk. Without
// the right to, both read the cache.
func coldCache() {
	syscall.Sync()
	os.WriteFile("/proc/sys/vm/drop_caches", []byte("3"), 0)
}

func TestArchiveBesideRsync(t *testing.T) {
	if _, err := exec.LookPath("rsync"); err != nil {
		t.Skip("SKIP: rsync is missing; `make packages` installs it")
	}
	total, rounds := int64(200e6), 1
	if *peers {
		total, rounds = 2e9, 3
	}
	dir := t.TempDir()
	root := filepath.Join(dir, "pub")
	files := release(t, root, total)
	config := fmt.Sprintf("root: %[1]s/pub\npublic_url: http://127.0.0.1:1/\nstate: %[1]s/state\nlayout: rpmfusion\narchive: {store: %[1]s/archive, grace: 0s, quiet: 0s}\n", dir)
	if err := os.WriteFile(filepath.Join(dir, "mirrorctl.yaml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	s := binary.At(t, dir)

	var ratios, ours, theirs []float64
	var memory int64
	for range rounds {
		for _, sub := range []string{"state", "archive", "copy"} {
			os.RemoveAll(filepath.Join(dir, sub))
			os.Mkdir(filepath.Join(dir, sub), 0o755)
		}
		coldCache()
		began := time.Now()
		cmd := s.Command(t.Context(), "archive", "--yes", "fedora-25")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("archive: %v\n%s", err, out)
		}
		syscall.Sync()
		a := time.Since(began).Seconds()
		memory = max(memory, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss<<10)

		coldCache()
		began = time.Now()
		b := rsyncAndCheck(t, root, filepath.Join(dir, "copy"), began)
		ours, theirs, ratios = append(ours, a), append(theirs, b), append(ratios, b/a)
	}
	fmt.Printf("figure: archive of %.1f GB in %d files: speed over rsync -a + sha256sum + sha256sum -c: %v; %.1f s against %.1f s; peak memory %d MiB\n",
		float64(total)/1e9, files, spreadOf(ratios), spreadOf(ours).median, spreadOf(theirs).median, memory>>20)
}

// rsyncAndCheck is what a careful operator does by hand: sums of the source, a copy, the sums held against it.
func rsyncAndCheck(t *testing.T, from, to string, began time.Time) float64 {
	t.Helper()
	sums := filepath.Join(t.TempDir(), "sums")
	script := strings.Join([]string{
		`set -eu`,
		`cd "$1"; find . -type f -print0 | xargs -0 sha256sum > "$3"`,
		`rsync -a "$1"/ "$2"/; sync`,
		`if [ -w /proc/sys/vm/drop_caches ]; then echo 1 > /proc/sys/vm/drop_caches; fi`,
		`cd "$2"; sha256sum --quiet -c "$3"`,
	}, "\n")
	if out, err := exec.Command("bash", "-c", script, "bash", from, to, sums).CombinedOutput(); err != nil {
		t.Fatalf("rsync and sha256sum: %v\n%s", err, out)
	}
	return time.Since(began).Seconds()
}
