package sign_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/rpmpack"

	"mirrorctl/copr"
	"mirrorctl/copr/provenance"
	"mirrorctl/copr/sign"
	"mirrorctl/repomd/index"
)

var (
	project = copr.ProjectName{Owner: "adrian", Name: "criu"}
	el9     = copr.Chroot{Distribution: "epel", Version: "9", Arch: "x86_64"}
	el7     = copr.Chroot{Distribution: "epel", Version: "7", Arch: "x86_64"}
	f44     = copr.Chroot{Distribution: "fedora", Version: "44", Arch: "x86_64"}
	built   = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
)

// keysOnce is a directory with one RSA key of 4096 bits, which takes its time, copied for every test.
var keysOnce = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "mirrorctl-sign-test-")
	if err != nil {
		return "", err
	}
	s, err := sign.Open(dir+"/keys", sign.Options{Now: func() time.Time { return built.Add(-time.Hour) }})
	if err != nil {
		return "", err
	}
	defer s.Close()
	_, err = s.CreateKey(context.Background(), project, sign.NewKey{})
	return dir, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := keysOnce(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// clock is the signer's.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }
func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// newSigner is a signer of one project with one key, an hour older than built.
func newSigner(t testing.TB) (*sign.Signer, *clock) {
	t.Helper()
	from, err := keysOnce()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "keys")
	if err := os.CopyFS(dir, os.DirFS(from+"/keys")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	c := &clock{now: built.Add(time.Hour)}
	s, err := sign.Open(dir, sign.Options{Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, c
}

// serve puts the signer behind a socket.
func serve(t testing.TB, s *sign.Signer, allow ...uint32) *sign.Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := sign.Listen(path, -1)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	ctx, stop := contextOf(t)
	go func() { done <- (&sign.Server{Signer: s, Allow: allow}).Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return &sign.Client{Socket: path}
}

func need(t testing.TB, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIP: %s missing", tool)
		}
	}
}

func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

const spec = `
Name: tiny
Version: 1.0
Release: 1%{?dist}
Epoch: 2
Summary: Tiny
License: MIT
%description
Tiny.
%package doc
Summary: Doc
BuildArch: noarch
%description doc
Doc.
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/usr/share/tiny
head -c 70000 /dev/zero > %{buildroot}/usr/bin/tiny
echo doc > %{buildroot}/usr/share/tiny/doc
%files
/usr/bin/tiny
%files doc
/usr/share/tiny/doc
`

// rpms builds the packages of spec by the real rpmbuild: two binary ones and the source package.
func rpms(t testing.TB, payload string) []string {
	t.Helper()
	need(t, "rpmbuild", "rpmkeys")
	top := t.TempDir()
	if err := os.WriteFile(top+"/tiny.spec", []byte(spec), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, "rpmbuild", "-ba", "--quiet", "--target", "x86_64", "--define", "_topdir "+top, "--define", "dist .el9", "--define", "_binary_payload "+payload,
		"--define", "_source_payload "+payload, "--define", "_build_id_links none", "--define", "__os_install_post %{nil}", top+"/tiny.spec")
	var all []string
	for _, pattern := range []string{"/RPMS/*/*.rpm", "/SRPMS/*.rpm"} {
		names, err := filepath.Glob(top + pattern)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, names...)
	}
	if len(all) != 3 {
		t.Fatalf("rpmbuild made %v", all)
	}
	return all
}

// packSize makes a package whose payload has n bytes and does not compress.
func packSize(t testing.TB, n int) []byte {
	body := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(body)
	return packBody(t, nil, body)
}

// pack makes a package without rpmbuild.
func pack(t testing.TB, change func(*rpmpack.RPMMetaData)) []byte {
	return packBody(t, change, bytes.Repeat([]byte("x"), 9000))
}

func packBody(t testing.TB, change func(*rpmpack.RPMMetaData), body []byte) []byte {
	t.Helper()
	m := rpmpack.RPMMetaData{Name: "packed", Version: "1", Release: "1", Arch: "x86_64", BuildTime: built, Compressor: "gzip"}
	if change != nil {
		change(&m)
	}
	p, err := rpmpack.NewRPM(m)
	if err != nil {
		t.Fatal(err)
	}
	p.AddFile(rpmpack.RPMFile{Name: "/usr/bin/packed", Body: body, Mode: 0o755, Owner: "root", Group: "root"})
	var buf bytes.Buffer
	if err := p.Write(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func fileOf(name string, data []byte) copr.File {
	sum := sha256.Sum256(data)
	return copr.File{Name: name, Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:])}
}

// request asks for data's signature as the hub would, with everything in order.
func request(t testing.TB, chroot copr.Chroot, data []byte) (sign.Request, *provenance.Statement) {
	t.Helper()
	p, err := index.ReadPackage(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	file := fileOf(p.Name+"-"+p.Version+"-"+p.Release+"."+p.Arch+".rpm", data)
	sum := strings.Repeat("0123456789abcdef", 4)
	b := &copr.Build{ID: 42, Project: project, Package: "tiny", EVR: "2:1.0-1", Channel: copr.Testing,
		SRPM:    copr.File{Name: "tiny-1.0-1.src.rpm", Size: 9, SHA256: sum},
		Sources: []copr.Source{{URL: "https://user:secret@example.org/tiny-1.0.tar.xz?token=secret", SHA256: sum}}}
	c := &copr.BuildChroot{Chroot: chroot, Attempt: 1, Result: &copr.Result{
		Outcome: copr.Outcome{Root: "a directory", Buildroot: []string{"gcc-14-1.x86_64"}},
		Builder: "b1", Kind: "rpmbuild", Host: "Linux", Started: built.Add(-time.Minute), Ended: built, Files: []copr.File{file},
		Gates: []copr.Report{{Gate: "install", Runner: "kernel", Arch: chroot.Arch, Checks: []copr.Check{{Name: "install", Verdict: copr.Pass}}}},
	}}
	st := provenance.New(b, c, provenance.Facts{Spec: copr.File{Name: "tiny.spec", Size: 3, SHA256: sum}, Epoch: built.Unix()})
	return sign.Request{Project: project, Chroot: chroot, NEVRA: p.NEVRA(), File: file, Time: built, Statement: marshal(t, st)}, st
}

func marshal(t testing.TB, v any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
