// Package clients runs real package managers against the built program: dnf with an
// installroot of its own, librepo from Python, curl. They know nothing of mirrorctl;
// the server's own access log says what they asked for.
package clients

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// dnf is one machine's package manager: an installroot, a cache and repository files.
type dnf struct {
	dir        string
	releasever string
	arch       string
}

// repoFile is a section of a .repo file in the form that RPM Fusion ships.
type repoFile struct {
	id   string
	line string // metalink=…, mirrorlist=… or baseurl=…
	key  string // path of the public key
}

func newDNF(t testing.TB, releasever, arch string, repos ...repoFile) *dnf {
	t.Helper()
	if _, err := exec.LookPath("dnf"); err != nil {
		t.Skip("SKIP: dnf is missing; `make packages` installs it")
	}
	d := &dnf{dir: t.TempDir(), releasever: releasever, arch: arch}
	for _, sub := range []string{"root", "cache", "repos", "log"} {
		if err := os.Mkdir(filepath.Join(d.dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range repos {
		text := fmt.Sprintf("[%s]\nname=%s $releasever\n%s\nenabled=1\ntype=rpm-md\ngpgcheck=1\nrepo_gpgcheck=0\nskip_if_unavailable=0\ngpgkey=file://%s\n", r.id, r.id, r.line, r.key)
		if err := os.WriteFile(filepath.Join(d.dir, "repos", r.id+".repo"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// run executes one dnf command and returns what it printed.
func (d *dnf) run(args ...string) (string, error) {
	sub := func(name string) string { return filepath.Join(d.dir, name) }
	conf := sub("dnf.conf")
	text := fmt.Sprintf("[main]\ncachedir=%s\nlogdir=%s\npersistdir=%s\nreposdir=%s\nkeepcache=0\ninstall_weak_deps=1\nskip_if_unavailable=0\n",
		sub("cache"), sub("log"), sub("persist"), sub("repos"))
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		return "", err
	}
	base := []string{"-y", "-c", conf, "--noplugins", "--installroot", sub("root"), "--releasever", d.releasever}
	if d.arch != "" {
		base = append(base, "--forcearch", d.arch)
	}
	cmd := exec.Command("dnf", append(base, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// must is run for a command that has to succeed, in its exit code and in its words: dnf
// ends with 0 after a failed scriptlet, too.
func (d *dnf) must(t testing.TB, args ...string) string {
	t.Helper()
	out, err := d.run(args...)
	if err != nil || strings.Contains(out, "Error") {
		t.Fatalf("dnf %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// installed counts the packages in the installroot.
func (d *dnf) installed(t testing.TB) int {
	t.Helper()
	out, err := exec.Command("rpm", "--root", filepath.Join(d.dir, "root"), "-qa", "--qf", `%{NAME}\n`).Output()
	if err != nil {
		t.Fatalf("rpm -qa: %v", err)
	}
	n := 0
	for line := range strings.Lines(string(out)) {
		if strings.TrimSpace(line) != "gpg-pubkey" {
			n++
		}
	}
	return n
}
