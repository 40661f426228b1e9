package load

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mirrorctl/test/binary"
)

// tree makes repositories of small files: names are what a scan costs.
func tree(t *testing.T, root string, repositories, files int) {
	t.Helper()
	model := binary.Demo(t)
	repodata, err := os.ReadDir(filepath.Join(model.Dir, "pub/free/fedora/releases/43/Everything/x86_64/os/repodata"))
	if err != nil {
		t.Fatal(err)
	}
	for r := range repositories {
		dir := filepath.Join(root, fmt.Sprintf("free/fedora/releases/%d/Everything/a%03d/os", 20+r%25, r/25))
		if err := os.MkdirAll(filepath.Join(dir, "repodata"), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, f := range repodata {
			from := filepath.Join(model.Dir, "pub/free/fedora/releases/43/Everything/x86_64/os/repodata", f.Name())
			body, err := os.ReadFile(from)
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, "repodata", f.Name()), body, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		for i := range files / repositories {
			sub := filepath.Join(dir, "Packages", fmt.Sprintf("%x", i%16))
			if i < 16 {
				if err := os.MkdirAll(sub, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(filepath.Join(sub, fmt.Sprintf("package-%04d-1.0-1.noarch.rpm", i)), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestScanAndStart(t *testing.T) {
	repositories, files := 50, 10_000
	if *peers {
		repositories, files = 500, 250_000
	}
	dir := t.TempDir()
	tree(t, filepath.Join(dir, "pub"), repositories, files)
	config := fmt.Sprintf("root: %[1]s/pub\npublic_url: http://127.0.0.1:1/\nstate: %[1]s/state\nlayout: rpmfusion\narchive: {store: %[1]s/archive}\n", dir)
	if err := os.WriteFile(filepath.Join(dir, "mirrorctl.yaml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	os.Mkdir(filepath.Join(dir, "state"), 0o755)
	os.Mkdir(filepath.Join(dir, "archive"), 0o755)
	s := binary.At(t, dir)
	coldCache()

	began := time.Now()
	v := s.Serve(t)
	cold := time.Since(began)
	v.Stop(t)
	var warm []float64
	var memory int64
	for range 5 {
		began = time.Now()
		v := s.Serve(t)
		warm = append(warm, time.Since(began).Seconds())
		memory = rss(v.Pid())
		v.Stop(t)
	}
	fmt.Printf("figure: %d files in %d repositories: first start %.2f s, warm start %v s, memory %d MiB\n", files, repositories, cold.Seconds(), spreadOf(warm), memory>>20)
}
