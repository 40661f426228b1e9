package demo

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mirrorctl/repomd"
	"mirrorctl/repomd/index"
)

// testKey is made once for all tests: RSA takes its time.
var testKey = sync.OnceValues(NewKey)

func testSigner(t testing.TB) *signer {
	t.Helper()
	key, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func need(t testing.TB, tool string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		t.Skipf("SKIP: %s missing", tool)
	}
}

func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func sample() *pkg {
	return &pkg{
		name: "lib++x", version: "1.0~rc1^git1", release: "2.fc43", arch: "x86_64", srpm: "lib++x-1.0~rc1^git1-2.fc43.src.rpm",
		summary: "S", description: "D", license: "MIT", group: "G", url: "https://example.org/",
		provides: []dependency{{"lib++x", senseEqual, "1.0~rc1^git1-2.fc43"}},
		files: []content{
			{path: "/usr/share/doc/x/README", mode: 0o100644, data: []byte("read me\n"), doc: true},
			{path: "/usr/bin/x", mode: 0o100755, data: []byte("#!\n")},
			{path: "/usr/bin/y", mode: 0o120777, data: []byte("x")},
			{path: "/usr/share/doc/x", mode: 0o040755},
		},
		changes: []change{{time.Unix(1700000000, 0), "A <a@x> - 1", "- first"}},
		built:   time.Unix(1700000000, 0), format: repomd.Zstd,
	}
}

// TestPackageByRPM lets rpm itself judge the packages: digests, signature, queries, installation.
func TestPackageByRPM(t *testing.T) {
	need(t, "rpmkeys")
	s := testSigner(t)
	source := sample()
	source.source, source.srpm, source.provides, source.files = true, "", nil, []content{{path: "x.spec", mode: 0o100644, data: []byte("Name: x\n")}}
	old := sample()
	old.format, old.md5, old.version = repomd.Gzip, true, "1.0"
	empty := sample()
	empty.name, empty.files, empty.arch = "empty", nil, "noarch"
	for _, p := range []*pkg{sample(), source, old, empty} {
		t.Run(p.fileName(), func(t *testing.T) {
			root := t.TempDir()
			data, err := p.marshal(s.at(p.built))
			if err != nil {
				t.Fatal(err)
			}
			name, key := filepath.Join(root, p.fileName()), filepath.Join(root, "key")
			if err := os.WriteFile(name, data, 0o644); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(key, s.public, 0o644); err != nil {
				t.Fatal(err)
			}
			db := filepath.Join(root, "db")
			run(t, "rpmkeys", "--dbpath", db, "--import", key)
			got := run(t, "rpmkeys", "--dbpath", db, "-Kv", name)
			for _, want := range []string{"Header V4 RSA/SHA256 Signature, key ID", "Header SHA256 digest: OK", "Header SHA1 digest: OK", "Payload SHA256 digest: OK", "MD5 digest: OK"} {
				if !strings.Contains(got, want) {
					t.Errorf("rpmkeys -Kv says\n%swithout %q", got, want)
				}
			}
			if strings.Contains(got, "NOT") || strings.Contains(got, "BAD") || strings.Contains(got, "NOKEY") {
				t.Errorf("rpmkeys -Kv says\n%s", got)
			}
			if p.source {
				if got := run(t, "rpm", "--dbpath", db, "-qp", "--qf", "%{sourcepackage} %{sourcerpm}", name); got != "1 (none)" {
					t.Errorf("source package: %s", got)
				}
				return
			}
			run(t, "rpm", "--root", filepath.Join(root, "root"), "--nodeps", "--ignorearch", "-i", name)
			if got := run(t, "rpm", "--root", filepath.Join(root, "root"), "-V", "--nodeps", "--nouser", "--nogroup", p.name); got != "" {
				t.Errorf("rpm -V says %s", got)
			}
			if len(p.files) > 0 {
				if got, err := os.ReadFile(filepath.Join(root, "root/usr/bin/y")); err != nil || string(got) != "#!\n" {
					t.Errorf("through the symlink: %q, %v", got, err)
				}
			}
		})
	}
}

func TestPackageByIndex(t *testing.T) {
	p := sample()
	data, err := p.marshal(testSigner(t).at(p.built))
	if err != nil {
		t.Fatal(err)
	}
	again, err := sample().marshal(testSigner(t).at(p.built))
	if err != nil || !bytes.Equal(data, again) {
		t.Errorf("the same package and key made other bytes: %v", err)
	}
	got, err := index.ReadPackage(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if got.NEVRA() != "lib++x-1.0~rc1^git1-2.fc43.x86_64" || len(got.Files) != 4 || len(got.Changelogs) != 1 || len(got.Requires) != 6 {
		t.Errorf("package %+v", got)
	}
}
