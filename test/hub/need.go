package hub

import (
	"os"
	"os/exec"
	"testing"

	"mirrorctl/copr"
	"mirrorctl/copr/coprtest"
	"mirrorctl/copr/sandbox"
)

// Chroot is one that this machine builds for.
var Chroot = copr.Chroot{Distribution: "epel", Version: "9", Arch: coprtest.Arch()}

// Long reports whether the long forms run.
func Long() bool { return os.Getenv("MIRRORCTL_COPR") == "long" }

// NeedBuilds skips a test where this machine cannot build packages.
func NeedBuilds(t testing.TB) {
	t.Helper()
	if err := sandbox.Supported(); err != nil {
		t.Skipf("SKIP: %v", err)
	}
	for _, name := range []string{"rpmbuild", "rpmspec", "rpmkeys"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("SKIP: no %s: install the package rpm", name)
		}
	}
}

// Plain is the YAML of a project with packages that are built once and proven by the hub's own checks alone: name, version,
// architecture, files. Nothing here offers what they would require.
func Plain(packages string) string {
	return "chroots: [" + Chroot.String() + "]\npackages:\n" + packages
}

// Package is a package of Plain, whose spec is NAME.spec, in version 1.
func Package(name, extra string) string {
	return "  " + name + ": {spec: " + name + ".spec, version: '1', gate: none, twice: false, allowed: {" + Chroot.Arch + "/hub: [closure]}" + extra + "}\n"
}

// Spec is a package without files whose sections the test writes: %build and what follows.
func Spec(name, sections string) string {
	return "Name: " + name + "\nVersion: %{upstream_version}\nRelease: 1\nSummary: A package of a test\nLicense: MIT\n%global debug_package %{nil}\n%description\nA test.\n" + sections
}
