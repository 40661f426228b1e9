package docs

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mirrorctl/test/binary"
)

// places are what a page's paths and ports are in this run.
type places struct {
	dir         string // everything of this run lies below it
	addr, admin string
	env         []string
	replace     *strings.Replacer
}

// newPlaces makes what the page assumes to be there; demo is a demo site made for nowhere.
func newPlaces(t *testing.T, p *Page, demo string) *places {
	w := &places{dir: t.TempDir(), addr: binary.FreeAddr(t), admin: binary.FreeAddr(t)}
	site := filepath.Join(w.dir, "site")
	w.replace = strings.NewReplacer(
		"127.0.0.1:8080", w.addr, "localhost:8080", w.addr, "127.0.0.1:9190", w.admin, "127.0.0.1:4222", binary.FreeAddr(t),
		"/srv/mirror", site, "/srv/archive", filepath.Join(site, "archive"),
		"/var/lib/mirrorctl", filepath.Join(site, "state"), "/etc/mirrorctl", site,
		"/var/log/mirrorctl", filepath.Join(w.dir, "log"), "/tmp/", filepath.Join(w.dir, "tmp")+"/",
	)
	for _, dir := range []string{"work", "log", "tmp", "home"} {
		if err := os.Mkdir(filepath.Join(w.dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "MIRRORCTL_") && !strings.HasPrefix(kv, "XDG_") {
			w.env = append(w.env, kv)
		}
	}
	config := filepath.Join(site, "mirrorctl.yaml")
	w.env = append(w.env,
		"PATH="+filepath.Dir(binary.Path(t))+":"+os.Getenv("PATH"), "HOME="+filepath.Join(w.dir, "home"), "LC_ALL=C.UTF-8", "TZ=UTC",
		// The places of this run win over those in any configuration file.
		"MIRRORCTL_LISTEN="+w.addr, "MIRRORCTL_ADMIN_LISTEN="+w.admin, "MIRRORCTL_PUBLIC_URL=http://"+w.addr+"/",
		"MIRRORCTL_CONFIG="+config,
	)
	for _, word := range p.Setup {
		if strings.Contains(word, "=") {
			w.env = append(w.env, word)
		}
	}
	if slices.Contains(p.Setup, "demo") {
		w.copyDemo(t, demo, site)
	}
	if slices.Contains(p.Setup, "unconfigured") { // the page writes the configuration itself
		if err := os.Remove(config); err != nil {
			t.Fatal(err)
		}
		w.env = append(w.env, "MIRRORCTL_ROOT="+filepath.Join(site, "pub"), "MIRRORCTL_STATE="+filepath.Join(site, "state"),
			"MIRRORCTL_ARCHIVE_STORE="+filepath.Join(site, "archive"))
	}
	return w
}

// nowhere is the address that the demo site is made for, before it is copied.
const nowhere = "127.0.0.1:1"

// copyDemo copies a demo site to dir and gives it this run's address: to make one takes seconds.
func (w *places) copyDemo(t *testing.T, from, dir string) {
	t.Helper()
	if out, err := exec.Command("cp", "-a", from, dir).CombinedOutput(); err != nil {
		t.Fatalf("copy the demo site: %v\n%s", err, out)
	}
	move := strings.NewReplacer(from, dir, nowhere, w.addr)
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if ext := filepath.Ext(name); err != nil || d.IsDir() || ext != ".yaml" && ext != ".repo" {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(name, []byte(move.Replace(string(text))), 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// here is a text of a page with the places of this run in it.
func (w *places) here(text string) string { return w.replace.Replace(text) }
