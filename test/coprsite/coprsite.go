// Package coprsite makes a directory in which a rebuild hub can run, with a package that takes a moment to build.
package coprsite

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"mirrorctl/test/binary"
)

// Spec is of a package that holds one file.
const Spec = `Name: tiny
Version: %{upstream_version}
Release: 1%{?dist}
Summary: A file
License: MIT
BuildArch: noarch
%description
It holds a file.
%install
mkdir -p %{buildroot}/usr/share/tiny
echo %{version} >%{buildroot}/usr/share/tiny/version
%files
/usr/share/tiny
`

// Needs skips the test where a hub cannot build.
func Needs(t testing.TB) {
	t.Helper()
	for tool, pkg := range map[string]string{"rpmbuild": "rpm", "rpmkeys": "rpm", "bwrap": "bubblewrap"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIP: %s is not installed: apt-get install %s", tool, pkg)
		}
	}
}

// New makes a site of the project demo/tiny, which builds for one chroot; config are more lines of the section copr.
func New(t testing.TB, config string) *binary.Site {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{"pub", "state", "copr.d", "upstream"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	Write(t, filepath.Join(dir, "mirrorctl.yaml"), fmt.Sprintf(`root: pub
state: state
public_url: http://hub.example.org/
layout: copr
drain: 2s
metadata: {refresh: 100ms}
copr:
  projects: copr.d
%s`, config))
	Write(t, filepath.Join(dir, "copr.d/tiny.spec"), Spec)
	Write(t, filepath.Join(dir, "copr.d/tiny.yaml"), `project: demo/tiny
chroots: [epel-9-x86_64]
publish: {keep: 100}
packages:
  tiny:
    spec: tiny.spec
    version: 1
    gate: none
    twice: false
    allowed: {x86_64/hub: [closure]}
`)
	return binary.At(t, dir)
}

// Write writes a file.
func Write(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Await waits until the hub of a running service answers operators.
func Await(t testing.TB, s *binary.Site) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		r := s.Run(t, "copr", "project", "list")
		if r.Code == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("no hub: %s", r.Stderr)
		}
	}
}
