package docs

import (
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

// newPlaces makes what the page assumes to be there.
func newPlaces(t *testing.T, p *Page) *places {
	w := &places{dir: t.TempDir(), addr: binary.FreeAddr(t), admin: binary.FreeAddr(t)}
	site := filepath.Join(w.dir, "site")
	w.replace = strings.NewReplacer(
		"127.0.0.1:8080", w.addr, "localhost:8080", w.addr, "127.0.0.1:9190", w.admin,
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
		cmd := exec.Command(binary.Path(t), "demo", "--no-serve", "--public-url", "http://"+w.addr+"/", site)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("make a demo site: %v\n%s", err, out)
		}
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

// here is a text of a page with the places of this run in it.
func (w *places) here(text string) string { return w.replace.Replace(text) }
