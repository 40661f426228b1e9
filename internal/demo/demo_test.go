package demo

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"go.yaml.in/yaml/v3"

	"mirrorctl/repomd"
)

// whole is a site of all releases, made once for the tests that only look at it.
var whole struct {
	once sync.Once
	dir  string
	site *Site
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if whole.dir != "" {
		os.RemoveAll(whole.dir)
	}
	os.Exit(code)
}

func site(t *testing.T) *Site {
	t.Helper()
	whole.once.Do(func() {
		if whole.dir, whole.err = os.MkdirTemp("", "demo"); whole.err == nil {
			whole.site, whole.err = Make(context.Background(), filepath.Join(whole.dir, "site"), Options{})
		}
	})
	if whole.err != nil {
		t.Fatal(whole.err)
	}
	return whole.site
}

func TestSite(t *testing.T) {
	s := site(t)
	if !s.Made || s.Repositories != 184 || s.Packages < 1000 || s.DiskBytes > 60<<20 || s.Bytes > 60<<20 || s.Inodes >= s.Files {
		t.Errorf("site is %+v", s)
	}
	// Scripts count on these.
	for _, name := range []string{
		"mirrorctl.yaml", "archive", "state", "pub/README",
		"pub/free/RPM-GPG-KEY-demo", "pub/nonfree/RPM-GPG-KEY-demo",
		"pub/free/fedora/rpmfusion-free-release-43.noarch.rpm",
		"pub/free/fedora/releases/25/Everything/x86_64/os/repodata/repomd.xml",
		"pub/free/fedora/releases/25/Everything/armhfp/debug/repodata/repomd.xml",
		"pub/free/fedora/releases/25/Everything/source/SRPMS/repodata/repomd.xml",
		"pub/free/fedora/updates/25/ppc64le/repodata/repomd.xml",
		"pub/free/fedora/updates/25/x86_64/debug/repodata/repomd.xml",
		"pub/free/fedora/updates/25/SRPMS/repodata/repomd.xml",
		"pub/nonfree/fedora/updates/testing/44/aarch64/repodata/repomd.xml",
		"pub/free/el/updates/9/x86_64/repodata/repomd.xml",
		"pub/free/el/updates/9/SRPMS/repodata/repomd.xml",
		"pub/free/el/updates/5/i386/repodata/primary.xml.gz",
		"pub/free/el/updates/5/README",
		"pub/nonfree/fedora/releases/10/Everything/ppc/os/repodata/filelists.xml.gz",
		"clients/fedora/metalink/rpmfusion-free.repo", "clients/el/baseurl/rpmfusion-nonfree-updates.repo",
	} {
		if _, err := os.Stat(filepath.Join(s.Dir, name)); err != nil {
			t.Error(err)
		}
	}
}

// TestRepositories checks every repository: each file that repomd.xml lists, and each package that primary lists.
func TestRepositories(t *testing.T) {
	s := site(t)
	root := os.DirFS(s.Root)
	compression := map[string]string{"updates/5/": "gz", "/10/Everything/": "gz", "fedora/updates/10/": "gz", "/25/": "gz", "el/updates/9/": "gz",
		"el/updates/10/": "zst", "/43/": "zst", "/44/": "zst"}
	repositories := 0
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "repomd.xml" {
			return err
		}
		repositories++
		dir := strings.TrimSuffix(name, "/"+repomd.Name)
		md, err := repomd.Load(root, dir)
		if err != nil {
			t.Error(err)
			return nil
		}
		old := strings.Contains(dir, "updates/5/") || strings.Contains(dir, "/10/Everything") || strings.Contains(dir, "fedora/updates/10/")
		for _, rec := range md.Data {
			data, err := fs.ReadFile(root, dir+"/"+rec.Href)
			if err != nil {
				t.Error(err)
				continue
			}
			if int64(len(data)) != rec.Size || !sum(t, rec.Checksum.Type, data).Equal(rec.Checksum) {
				t.Errorf("%s/%s is not what repomd.xml says", dir, rec.Href)
			}
			if old != (rec.Checksum.Type == "sha") || old == strings.Contains(rec.Href, rec.Checksum.Hex) {
				t.Errorf("%s has %s with %s", dir, rec.Href, rec.Checksum.Type)
			}
			if rec.Type == "primary" {
				checkPackages(t, root, dir, data, rec)
			}
			for part, want := range compression {
				if strings.Contains(dir+"/", part) && rec.Type == "primary" && !strings.HasSuffix(rec.Href, "."+want) {
					t.Errorf("%s has %s, want %s", dir, rec.Href, want)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if repositories != 184 {
		t.Errorf("%d repositories", repositories)
	}
}

func checkPackages(t *testing.T, root fs.FS, dir string, primary []byte, rec repomd.Data) {
	t.Helper()
	r, err := repomd.NewReader(bytes.NewReader(primary), rec.Limits())
	if err != nil {
		t.Fatal(err)
	}
	packages := 0
	for p, err := range repomd.Packages(r) {
		if err != nil {
			t.Fatal(err)
		}
		packages++
		data, err := fs.ReadFile(root, dir+"/"+p.Href)
		if err != nil {
			t.Error(err)
			continue
		}
		if int64(len(data)) != p.Size || !sum(t, p.Checksum.Type, data).Equal(p.Checksum) {
			t.Errorf("%s/%s is not what primary says", dir, p.Href)
		}
	}
	if packages == 0 && !strings.Contains(dir, "debug") {
		t.Errorf("%s is empty", dir)
	}
}

func sum(t testing.TB, typ string, data []byte) repomd.Checksum {
	t.Helper()
	h, err := repomd.NewHash(typ)
	if err != nil {
		t.Fatal(err)
	}
	h.Write(data)
	return repomd.SumOf(typ, h)
}

// TestLinks: what is one package is one file, across architectures, stages and out of its tree.
func TestLinks(t *testing.T) {
	s := site(t)
	same := func(a, b string) {
		t.Helper()
		x, err := os.Stat(filepath.Join(s.Root, a))
		if err != nil {
			t.Fatal(err)
		}
		y, err := os.Stat(filepath.Join(s.Root, b))
		if err != nil {
			t.Fatal(err)
		}
		if !os.SameFile(x, y) {
			t.Errorf("%s and %s are two files", a, b)
		}
	}
	const release = "rpmfusion-free-release-25-1.fc25.noarch.rpm"
	first := "free/fedora/releases/25/Everything/x86_64/os/Packages/r/" + release
	same(first, "free/fedora/releases/25/Everything/armhfp/os/Packages/r/"+release)
	same(first, "free/fedora/updates/25/ppc64le/r/"+release)
	same(first, "free/fedora/rpmfusion-free-release-25.noarch.rpm")
	st, err := os.Stat(filepath.Join(s.Root, first))
	if err != nil {
		t.Fatal(err)
	}
	if links := st.Sys().(*syscall.Stat_t).Nlink; links != 11 { // 5 architectures, twice; and the one on top
		t.Errorf("%s has %d names, want 11", first, links)
	}
}

func TestConfig(t *testing.T) {
	s := site(t)
	data, err := os.ReadFile(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := yaml.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"root": s.Dir + "/pub", "listen": "127.0.0.1:8080", "admin_listen": "127.0.0.1:9190", "public_url": "http://127.0.0.1:8080/",
		"state": s.Dir + "/state", "layout": "rpmfusion",
	}
	for key, value := range want {
		if got[key] != value {
			t.Errorf("%s is %v, want %v", key, got[key], value)
		}
	}
	archive := map[string]any{"store": s.Dir + "/archive", "url": "", "grace": "0s", "quiet": "0s", "retention": "0s"}
	for key, value := range archive {
		if section, _ := got["archive"].(map[string]any); section[key] != value {
			t.Errorf("archive.%s is %v, want %v", key, section[key], value)
		}
	}
	if len(got) != len(want)+1 {
		t.Errorf("configuration is %v", got)
	}
}

func TestTrips(t *testing.T) {
	s := site(t)
	need(t, "sh")
	before, after := s.Trips("./mirrorctl", false), s.Trips("./mirrorctl", true)
	if len(before) != 3 || len(after) != 3 {
		t.Fatalf("%d and %d trips", len(before), len(after))
	}
	for _, trip := range append(before, after...) {
		for _, command := range trip.Commands {
			run(t, "sh", "-n", "-c", command) // a shell can read it
			if trip.Title == "" || trip.Why == "" {
				t.Errorf("trip %+v", trip)
			}
		}
	}
	if got := quote("it's"); run(t, "sh", "-c", "printf %s "+got) != "it's" {
		t.Errorf("quoted as %s", got)
	}
}

// small is a site that is made quickly.
var small = []string{"el-10", "el-5"}

// TestDeterministic: an equal key makes equal bytes, and equal times.
func TestDeterministic(t *testing.T) {
	key, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	var trees [2]map[string]string
	for i := range trees {
		s, err := Make(t.Context(), t.TempDir(), Options{Key: key, Releases: small})
		if err != nil {
			t.Fatal(err)
		}
		trees[i] = map[string]string{}
		err = fs.WalkDir(os.DirFS(s.Root), ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			st, err := d.Info()
			if err != nil {
				return err
			}
			data, err := os.ReadFile(filepath.Join(s.Root, name))
			trees[i][name] = st.ModTime().UTC().String() + sum(t, "sha256", data).Hex
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(trees[0]) != len(trees[1]) || len(trees[0]) < 100 {
		t.Errorf("%d and %d files", len(trees[0]), len(trees[1]))
	}
	for name, want := range trees[0] {
		if trees[1][name] != want {
			t.Errorf("%s differs", name)
		}
	}
}

// TestMakeAgain: a whole demo is left as it is, even when a release is gone; an interrupted one is made
// anew; anything else is refused.
func TestMakeAgain(t *testing.T) {
	o := Options{Releases: small}
	dir := filepath.Join(t.TempDir(), "a b's") // names that must be quoted
	s, err := Make(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	packages := s.Packages
	gone := filepath.Join(s.Root, "free/el/updates/5")
	if err := os.RemoveAll(gone); err != nil { // as after an archive
		t.Fatal(err)
	}
	if s, err = Make(t.Context(), dir, Options{PublicURL: "http://mirror.example:8081"}); err != nil {
		t.Fatal(err)
	}
	if s.Made || s.Packages >= packages || s.PublicURL != "http://mirror.example:8081/" {
		t.Errorf("again: %+v", s)
	}
	for _, name := range []string{s.Config, filepath.Join(s.Clients, "el/mirrorlist/rpmfusion-free-updates.repo")} {
		if data, err := os.ReadFile(name); err != nil || !bytes.Contains(data, []byte("http://mirror.example:8081/")) {
			t.Errorf("%s does not name the new URL: %v", name, err)
		}
	}
	if _, err := Make(t.Context(), dir, Options{Releases: []string{"el-9"}}); err == nil || !strings.Contains(err.Error(), "a demo of el-10, el-5") {
		t.Errorf("another set of releases: %v", err)
	}

	m := &marker{Format: markerFormat}
	if err := m.write(dir); err != nil {
		t.Fatal(err)
	}
	if s, err = Make(t.Context(), dir, o); err != nil || !s.Made || s.Packages != packages {
		t.Errorf("after an interruption: %+v, %v", s, err)
	}
	if err := (&marker{Format: markerFormat + 1, Whole: true}).write(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := Make(t.Context(), dir, o); err == nil || !strings.Contains(err.Error(), "another version") {
		t.Errorf("another version: %v", err)
	}
}

func TestMakeRefuses(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "thesis.tex"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Make(t.Context(), full, Options{}); !errors.Is(err, ErrNotDemo) || !strings.Contains(err.Error(), full) {
		t.Errorf("a directory of somebody's: %v", err)
	}
	if names, err := os.ReadDir(full); err != nil || len(names) != 1 {
		t.Errorf("it holds %v now, %v", names, err)
	}
	if _, err := Make(t.Context(), filepath.Join(full, "thesis.tex"), Options{}); err == nil {
		t.Error("a file was taken for a directory")
	}
	for _, o := range []Options{{PublicURL: "ftp://x/"}, {PublicURL: "127.0.0.1:8080"}, {PublicURL: "http://x/?q"}, {Releases: []string{"el-99"}}, {Key: []byte("no key")}} {
		dir := t.TempDir()
		if _, err := Make(t.Context(), dir, o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Make(canceled, t.TempDir(), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}
