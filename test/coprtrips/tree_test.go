package coprtrips

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mirrorctl/copr/provenance"
)

// native is a package with a program in it, which asks for the C library that it is built with.
const native = `Name: native
Version: %{upstream_version}
Release: 1%{?dist}
Summary: a program
License: MIT
%global debug_package %{nil}
%description
A program.
%build
echo 'int main(void) { return 0; }' >main.c
gcc -o native main.c
%install
install -D native %{buildroot}/usr/bin/native
%files
/usr/bin/native
`

// After builds, a promotion and a retention, rpmkeys and gpg accept every package and every signature of metadata below
// the root, source packages included, with the projects' keys and nothing else. What does not fit its chroot is not there.
func TestTree(t *testing.T) {
	t.Parallel()
	need(t, "gpg", "gcc")
	s := site(t, "", map[string]string{
		"tiny.spec":   tiny("tiny", ""),
		"native.spec": native,
		"tree.yaml": `project: adrian/tree
chroots: [epel-7-x86_64, epel-8-x86_64, fedora-44-x86_64]
publish: {keep: 1}
packages:
  tiny:
    spec: tiny.spec
    watch: {directory: upstream, pattern: "never-{version}.txt"}
    sources: [{url: "file://DIR/upstream/tiny-{version}.txt"}]
    allowed: {x86_64/root: [dependencies], x86_64/hub: [closure]}
    twice: false
  native:
    spec: native.spec
    version: "1"
    allowed: {x86_64/root: [dependencies], x86_64/hub: [closure]}
    exclude: [{chroots: [epel-7-x86_64], reason: one refusal is enough}]
`})
	release(t, s.Dir, "tiny", "1", "version 1\n")
	release(t, s.Dir, "tiny", "2", "version 2\n")
	h := serve(t, s)
	all := map[string]string{"epel-7-x86_64": "succeeded", "epel-8-x86_64": "succeeded", "fedora-44-x86_64": "succeeded"}
	first := h.build("tiny", "--version", "1")
	h.want(first, all)
	h.Must(t, "copr", "promote", fmt.Sprint(first.ID))
	h.want(h.build("tiny", "--version", "2"), all) // the first is retired from testing

	// Whatever builds here has a newer C library than EL 8.
	h.want(h.build("native"), map[string]string{"epel-7-x86_64": "skipped one refusal is enough", "epel-8-x86_64": "failed epel-8 has glibc 2.28", "fedora-44-x86_64": "succeeded"})
	if found, _ := filepath.Glob(h.at("pub/results/adrian/*/epel-8-x86_64/*/native*")); len(found) > 0 {
		t.Errorf("refused, and there all the same: %v", found)
	}

	verify := newVerifier(t, h.at("pub/results/adrian/tree/pubkey.gpg"))
	packages, sources, metadata := 0, 0, 0
	err := filepath.WalkDir(h.at("pub/results"), func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case strings.HasSuffix(name, ".src.rpm"):
			sources++
			fallthrough
		case strings.HasSuffix(name, ".rpm"):
			packages++
			verify.rpm(name)
		case d.Name() == "repomd.xml.asc":
			metadata++
			verify.detached(name, strings.TrimSuffix(name, ".asc"))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// tiny: version 1 in two channels, version 2 in one, of three chroots; native: of one. Each with its source.
	if packages != 20 || sources != 10 || metadata != 6 {
		t.Errorf("%d packages, %d of them sources, and %d signatures of metadata; want 20, 10, 6", packages, sources, metadata)
	}
	m := h.client("Fedora", "44")
	m.repo(h, "coprs/adrian/tree:testing/repo/fedora-44/dnf.repo?arch=x86_64")
	m.sees("tiny", "2.noarch 2.src")
	m.sees("native", "1.src 1.x86_64")
	verify.refuses(t, filepath.Join(h.at("pub/results/adrian/tree/epel-7-x86_64"), fmt.Sprintf("%08d-tiny", first.ID), "tiny-1-1.el7.noarch.rpm"))
}

// verifier knows the keys of one pubkey.gpg and nothing else.
type verifier struct {
	t   *testing.T
	dir string
}

func newVerifier(t *testing.T, key string) verifier {
	v := verifier{t, t.TempDir()}
	if err := os.Mkdir(filepath.Join(v.dir, "gpg"), 0o700); err != nil {
		t.Fatal(err)
	}
	v.run("rpmkeys", "--dbpath", v.dir, "--import", key)
	v.run("gpg", "--homedir", filepath.Join(v.dir, "gpg"), "--batch", "-q", "--import", key)
	return v
}

func (v verifier) run(name string, args ...string) string {
	v.t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		v.t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// rpm holds a package against the key, and against its provenance.
func (v verifier) rpm(name string) {
	v.t.Helper()
	said := v.run("rpmkeys", "--dbpath", v.dir, "--checksig", "-v", name)
	if !strings.Contains(said, "ignature") || strings.Contains(said, "NOKEY") {
		v.t.Errorf("%s has no signature:\n%s", name, said)
	}
	// EL 7 has RSA and SHA-256, over the header and over the whole.
	if strings.Contains(name, "/epel-7-") && strings.Count(said, "RSA/SHA256") != 2 {
		v.t.Errorf("%s is not signed by RSA and SHA-256 for EL 7:\n%s", name, said)
	}
	raw, err := os.ReadFile(filepath.Join(filepath.Dir(name), "provenance", strings.TrimSuffix(filepath.Base(name), ".rpm")+".json"))
	if err != nil {
		v.t.Error(err)
		return
	}
	statement, err := provenance.Parse(raw)
	if err == nil {
		err = statement.Complete()
	}
	content, rerr := os.ReadFile(name)
	if sum := fmt.Sprintf("%x", sha256.Sum256(content)); err != nil || rerr != nil || statement.SHA256(filepath.Base(name)) != sum {
		v.t.Errorf("%s: its provenance is of another: %v, %v", name, err, rerr)
	}
}

func (v verifier) detached(signature, of string) {
	v.t.Helper()
	v.run("gpg", "--homedir", filepath.Join(v.dir, "gpg"), "--batch", "--verify", signature, of)
}

// refuses makes sure that the verifier sees a byte that differs.
func (v verifier) refuses(t *testing.T, name string) {
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	raw = slices.Clone(raw)
	raw[len(raw)-10] ^= 1
	broken := filepath.Join(t.TempDir(), filepath.Base(name))
	write(t, broken, string(raw))
	if out, err := exec.Command("rpmkeys", "--dbpath", v.dir, "--checksig", "-v", broken).CombinedOutput(); err == nil {
		t.Errorf("rpmkeys takes a package with another byte:\n%s", out)
	}
}
