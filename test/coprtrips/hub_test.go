package coprtrips

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/test/binary"
)

// hub is a running service with a rebuild hub.
type hub struct {
	*binary.Site
	*binary.Server
	t *testing.T
}

// need skips where a program that the test runs is missing.
func need(t *testing.T, programs ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIP: not root: gates and dnf install as root alone")
	}
	if runtime.GOARCH != "amd64" {
		t.Skip("SKIP: the chroots of the test are of x86_64, and this machine is not")
	}
	for _, name := range append(programs, "rpmbuild", "bwrap", "dnf", "rpmkeys") {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("SKIP: %s is missing; test/packages installs it", name)
		}
	}
}

// site makes the directory of a hub with its declarations, by name; DIR in them is copr.d. more goes into the copr section.
func site(t *testing.T, more string, declarations map[string]string) *binary.Site {
	t.Helper()
	dir := t.TempDir()
	for _, sub := range []string{"pub", "state", "archive", "copr.d/upstream"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "mirrorctl.yaml"), "root: pub\nstate: state\nlisten: 127.0.0.1:0\nadmin_listen: \"\"\npublic_url: http://127.0.0.1/\nlayout: copr\n"+
		"archive: {store: archive, grace: 0s, quiet: 0s}\ncopr:\n  projects: copr.d\n"+more)
	for name, text := range declarations {
		write(t, filepath.Join(dir, "copr.d", name), strings.ReplaceAll(text, "DIR", filepath.Join(dir, "copr.d")))
	}
	return binary.At(t, dir)
}

// serve starts the service and waits until the hub answers.
func serve(t *testing.T, s *binary.Site) *hub {
	t.Helper()
	h := &hub{s, s.Serve(t, "--log-level", "warn"), t}
	h.eventually("the hub answers", func() bool { return s.Run(t, "copr", "project", "list").Code == 0 })
	return h
}

func write(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// at is a name below the site's directory.
func (h *hub) at(elements ...string) string {
	return filepath.Join(append([]string{h.Dir}, elements...)...)
}

func (h *hub) eventually(what string, is func() bool) {
	h.t.Helper()
	for end := time.Now().Add(2 * time.Minute); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("not within two minutes: %s\n%s", what, h.story())
		}
	}
}

// story is how all builds went.
func (h *hub) story() string {
	var text strings.Builder
	for _, b := range h.builds("") {
		for _, c := range b.Chroots {
			fmt.Fprintf(&text, "build %d: %s/%s %s: %s: %s %s\n", b.ID, b.Project, b.Package, b.Version, c.Chroot, c.State, c.Reason)
		}
	}
	return text.String()
}

// build builds a package to its end, whatever that is.
func (h *hub) build(args ...string) copr.Build {
	h.t.Helper()
	r := h.Run(h.t, append([]string{"copr", "build", "-o", "json"}, args...)...)
	var b copr.Build
	if err := json.Unmarshal([]byte(r.Stdout), &b); err != nil {
		h.t.Fatalf("copr build %s: %v: exit code %d\n%s%s", strings.Join(args, " "), err, r.Code, r.Stdout, r.Stderr)
	}
	return b
}

// builds are the records of a project's builds, newest first.
func (h *hub) builds(project string) (all []copr.Build) {
	h.t.Helper()
	r := h.Must(h.t, "copr", "builds", "-o", "json", "--project", project)
	if err := json.Unmarshal([]byte(r.Stdout), &all); err != nil {
		h.t.Fatalf("%v\n%s", err, r.Stdout)
	}
	return all
}

// want holds the chroots of a build against "STATE REASON", by name.
func (h *hub) want(b copr.Build, chroots map[string]string) {
	h.t.Helper()
	if len(b.Chroots) != len(chroots) {
		h.t.Errorf("build %d has %d chroots, want %d", b.ID, len(b.Chroots), len(chroots))
	}
	for _, c := range b.Chroots {
		state, reason, _ := strings.Cut(chroots[c.Chroot.String()], " ")
		if string(c.State) != state || !strings.Contains(c.Reason, reason) {
			h.t.Errorf("build %d: %s: %s (%s), want %s (…%s…)", b.ID, c.Chroot, c.State, c.Reason, state, reason)
		}
	}
}

// get is an answer of the service, redirects followed, and where it came from.
func (h *hub) get(path string) (body, from string) {
	h.t.Helper()
	res, err := http.Get(h.URL + path)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		h.t.Fatalf("GET %s: %s, %v\n%s", path, res.Status, err, raw)
	}
	return string(raw), res.Request.URL.Path
}

// serves reports whether the service has what a path names.
func (h *hub) serves(path string) bool {
	res, err := http.Head(h.URL + path)
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// tiny is a spec of a package without a program in it: what its source says is what it installs.
func tiny(name, more string) string {
	return strings.NewReplacer("NAME", name, "MORE", more).Replace(`Name: NAME
Version: %{upstream_version}
Release: 1%{?dist}
Summary: a tiny package
License: MIT
BuildArch: noarch
Source0: NAME-%{version}.txt
MORE
%description
A tiny package.
%install
mkdir -p %{buildroot}/usr/share/NAME
cp %{SOURCE0} %{buildroot}/usr/share/NAME/text
%files
/usr/share/NAME
`)
}

// release puts a version where upstream's files are, as one does: whole at once.
func (h *hub) release(name, version, text string) {
	h.t.Helper()
	release(h.t, h.Dir, name, version, text)
}

func release(t testing.TB, dir, name, version, text string) {
	t.Helper()
	temp := filepath.Join(dir, "arriving")
	write(t, temp, text)
	past := time.Now().Add(-time.Hour) // as a file that was copied with its times
	if err := os.Chtimes(temp, past, past); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temp, filepath.Join(dir, "copr.d/upstream", fmt.Sprintf("%s-%s.txt", name, version))); err != nil {
		t.Fatal(err)
	}
}
