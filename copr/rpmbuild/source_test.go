package rpmbuild_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mirrorctl/copr"
	"mirrorctl/copr/coprtest"
	"mirrorctl/copr/rpmbuild"
)

const simple = `Name:    simple
Version: 2
Release: 1%{?dist}
Summary: simple
License: MIT
Source0: https://example.com/simple-2.txt
%global debug_package %{nil}
%description
Simple.
%build
echo "cross: %{?_cross_compile} %{?_cross_arch} %{?_cross_subarch} %{?_cross_hostcc} $CROSS_COMPILE $ARCH $SUBARCH $HOSTCC %{__strip} %{_target_cpu}"
%install
install -D %{SOURCE0} %{buildroot}/usr/share/simple
%files
/usr/share/simple
`

// makeSimple makes the source package in a new directory.
func makeSimple(t *testing.T, spec string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	if err := errors.Join(os.WriteFile(dir+"/simple.spec", []byte(spec), 0o600), os.Mkdir(dir+"/in", 0o700), os.Mkdir(dir+"/out", 0o700),
		os.WriteFile(dir+"/in/simple-2.txt", []byte("text"), 0o600)); err != nil {
		t.Fatal(err)
	}
	err := rpmbuild.Maker{}.MakeSRPM(t.Context(), dir+"/simple.spec", dir+"/in", dir+"/out", 1e9, nil)
	return dir + "/out/simple-2-1.src.rpm", err
}

func TestMakeSRPM(t *testing.T) {
	t.Parallel()
	needSandbox(t)
	var first []byte
	for range 2 {
		name, err := makeSimple(t, simple)
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(name)
		if err != nil || (first != nil && !bytes.Equal(first, data)) {
			t.Errorf("%v; %d bytes, then %d", err, len(first), len(data))
		}
		first = data
		out, err := exec.Command("rpm", "-qpl", "--nosignature", name).Output()
		if err != nil || string(out) != "simple-2.txt\nsimple.spec\n" {
			t.Errorf("it holds %q, %v", out, err)
		}
	}
	var bad *rpmbuild.SpecError
	if _, err := makeSimple(t, strings.Replace(simple, "License: MIT", "Unheard: of", 1)); !errors.As(err, &bad) || !strings.Contains(bad.Reason, "Unheard") {
		t.Errorf("a spec with an unknown tag: %v", err)
	}
	if _, err := makeSimple(t, strings.Replace(simple, "simple-2.txt", "absent.txt", 1)); !errors.As(err, &bad) || !strings.Contains(bad.Reason, "absent.txt") {
		t.Errorf("a spec without its source: %v", err)
	}
}

// What a cross-compiling package is told, and what rpm makes of it: a package of the other architecture.
func TestCross(t *testing.T) {
	t.Parallel()
	needSandbox(t)
	for _, arch := range copr.Arches {
		if arch == coprtest.Arch() {
			continue
		}
		t.Run(arch, func(t *testing.T) {
			cross := rpmbuild.DebianCross[arch]
			out, log, results := buildSimple(t, &rpmbuild.Builder{Roots: map[string]rpmbuild.Root{arch: {Cross: &cross}}}, arch)
			four := strings.Join([]string{cross.Compile, cross.Arch, cross.Subarch, cross.HostCC}, " ")
			if want := "cross: " + four + " " + four + " " + cross.Compile + "strip " + arch + "\n"; !strings.Contains(log, want) {
				t.Errorf("no %q in\n%s", want, log)
			}
			if out.Exit != 0 || strings.Join(results, " ") != "simple-2-1.el9."+arch+".rpm" || !strings.Contains(out.Root, "cross-compiling by") {
				t.Errorf("%+v: %v", out, results)
			}
		})
	}
}

// Another architecture without a root tree is a matter for another builder.
func TestNoRoot(t *testing.T) {
	for _, arch := range copr.Arches {
		if arch == coprtest.Arch() {
			continue
		}
		if _, err := (&rpmbuild.Builder{}).Build(t.Context(), copr.Task{Chroot: copr.Chroot{Distribution: "epel", Version: "9", Arch: arch}}, copr.Workspace{}); err == nil {
			t.Errorf("%s was built", arch)
		}
	}
}

// The host's own tree, given as a root tree, is one.
func TestRootTree(t *testing.T) {
	t.Parallel()
	needSandbox(t)
	out, log, results := buildSimple(t, &rpmbuild.Builder{Roots: map[string]rpmbuild.Root{coprtest.Arch(): {Path: "/"}}}, coprtest.Arch())
	if out.Exit != 0 || len(results) != 1 || !strings.Contains(out.Root, "a root tree") {
		t.Errorf("%+v: %v\n%s", out, results, log)
	}
}

func buildSimple(t *testing.T, b *rpmbuild.Builder, arch string) (copr.Outcome, string, []string) {
	t.Helper()
	srpm, err := makeSimple(t, simple)
	if err != nil {
		t.Fatal(err)
	}
	task := copr.Task{Chroot: copr.Chroot{Distribution: "epel", Version: "9", Arch: arch}, Package: "simple", Epoch: 1e9}
	task.Profile.Macros = map[string]string{"dist": ".el9"}
	var log bytes.Buffer
	w := copr.Workspace{SRPM: srpm, Results: t.TempDir(), Scratch: t.TempDir(), Log: &log}
	out, err := b.Build(t.Context(), task, w)
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(w.Results + "/*")
	if err != nil {
		t.Fatal(err)
	}
	for i := range names {
		names[i] = filepath.Base(names[i])
	}
	return out, log.String(), names
}
