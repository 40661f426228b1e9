package source_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"mirrorctl/copr"
	"mirrorctl/copr/source"
	"mirrorctl/internal/durable"
	"mirrorctl/internal/egress"
)

// upstream serves files by path and counts what it was asked.
type upstream struct {
	files map[string]string
	asked atomic.Int64
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.asked.Add(1)
	body, ok := u.files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	io.WriteString(w, body)
}

func fetcher(t *testing.T, files map[string]string) (*source.Fetcher, *upstream, string) {
	t.Helper()
	u := &upstream{files: files}
	s := httptest.NewServer(u)
	t.Cleanup(s.Close)
	c := egress.New(egress.Policy{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	t.Cleanup(c.Close)
	pins, err := source.OpenPins(filepath.Join(t.TempDir(), "pins.json"))
	if err != nil {
		t.Fatal(err)
	}
	return &source.Fetcher{Client: c, Pins: pins, Max: 1000}, u, s.URL
}

func sum(s string) string {
	d := sha256.Sum256([]byte(s))
	return hex.EncodeToString(d[:])
}

func TestFetchPinned(t *testing.T) {
	f, u, base := fetcher(t, map[string]string{"/v4.2.1/criu-4.2.1.tar.xz": "tarball", "/sig": "signature"})
	dir := t.TempDir()
	sources := []copr.Source{
		{URL: base + "/v{version}/criu-{version}.tar.xz", SHA256: sum("tarball")},
		{URL: base + "/sig", Name: "criu-{version}.asc"},
	}
	files, err := f.Fetch(t.Context(), sources, "4.2.1", dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []copr.File{
		{Name: "criu-4.2.1.tar.xz", Size: 7, SHA256: sum("tarball")},
		{Name: "criu-4.2.1.asc", Size: 9, SHA256: sum("signature")},
	}
	if fmt.Sprint(files) != fmt.Sprint(want) {
		t.Errorf("got %v", files)
	}
	asked := u.asked.Load()
	if again, err := f.Fetch(t.Context(), sources, "4.2.1", dir); err != nil || fmt.Sprint(again) != fmt.Sprint(want) {
		t.Errorf("again: %v, %v", again, err)
	}
	if u.asked.Load() != asked {
		t.Error("what is here was fetched again")
	}
}

// What differs never gets its name, and leaves nothing behind.
func TestFetchRefuses(t *testing.T) {
	f, _, base := fetcher(t, map[string]string{"/a": "content", "/long": strings.Repeat("x", 1001)})
	if err := f.Pins.Pin(base+"/a", sum("as it was")); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		source copr.Source
		is     error
	}{
		"declared sha256":  {copr.Source{URL: base + "/a", SHA256: sum("other")}, source.ErrChecksum},
		"seen otherwise":   {copr.Source{URL: base + "/a"}, source.ErrChecksum},
		"too large":        {copr.Source{URL: base + "/long"}, egress.ErrTooLarge},
		"not there":        {copr.Source{URL: base + "/none"}, nil},
		"scheme":           {copr.Source{URL: "ftp://127.0.0.1/a"}, nil},
		"version as host":  {copr.Source{URL: "http://{version}/a"}, nil},
		"version as port":  {copr.Source{URL: "http://127.0.0.1:{version}/a"}, nil},
		"version as user":  {copr.Source{URL: "http://u{version}@127.0.0.1/a"}, nil},
		"directory":        {copr.Source{URL: base + "/"}, nil},
		"name is a path":   {copr.Source{URL: base + "/a", Name: "../a"}, nil},
		"name is hidden":   {copr.Source{URL: base + "/a", Name: ".a"}, nil},
		"name is a flag":   {copr.Source{URL: base + "/a", Name: "-a"}, nil},
		"name has a quote": {copr.Source{URL: base + "/a", Name: "a'b"}, nil},
		"name in the URL":  {copr.Source{URL: base + "/x%2f..%2fa"}, nil},
		"no address":       {copr.Source{URL: "http:///a"}, nil},
		"file, not listed": {copr.Source{URL: "file:///etc/passwd"}, fs.ErrPermission},
	} {
		dir := t.TempDir()
		_, err := f.Fetch(t.Context(), []copr.Source{tt.source}, "1", dir)
		if err == nil || tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := os.ReadDir(dir); len(left) != 0 {
			t.Errorf("%s: left %v", name, left)
		}
	}
	twice := []copr.Source{{URL: base + "/a", SHA256: sum("content")}, {URL: base + "/a", SHA256: sum("content")}}
	if _, err := f.Fetch(t.Context(), twice, "1", t.TempDir()); err == nil {
		t.Error("two sources of one name")
	}
}

// A private address is refused where it is not listed: the fetcher uses egress and nothing else.
func TestFetchAsksEgress(t *testing.T) {
	f, u, base := fetcher(t, map[string]string{"/a": "content"})
	f.Client = egress.New(egress.Policy{})
	if _, err := f.Fetch(t.Context(), []copr.Source{{URL: base + "/a"}}, "1", t.TempDir()); !errors.Is(err, egress.ErrRefused) {
		t.Error(err)
	}
	if u.asked.Load() != 0 {
		t.Error("the server was asked")
	}
}

// The first sight is kept over a restart.
func TestPins(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pins.json")
	p, err := source.OpenPins(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Pin("http://a/", sum("1")); err != nil {
		t.Fatal(err)
	}
	if p, err = source.OpenPins(file); err != nil || p.Of("http://a/") != sum("1") {
		t.Fatalf("after a restart: %q, %v", p.Of("http://a/"), err)
	}
	if err := p.Pin("http://a/", sum("2")); !errors.Is(err, source.ErrChecksum) {
		t.Error(err)
	}
	if err := os.WriteFile(file, []byte(`{"http://a/": "x"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := source.OpenPins(file); err == nil {
		t.Error("a pin that is no sha256 was read")
	}
}

func TestFetchFiles(t *testing.T) {
	base := t.TempDir()
	allowed, outside := filepath.Join(base, "in"), filepath.Join(base, "out")
	for _, d := range []string{allowed, outside} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(d, "a-1.tar"), []byte(d), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(outside, "a-1.tar"), filepath.Join(allowed, "link")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(allowed, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	f := &source.Fetcher{Allowed: []string{allowed}}
	files, err := f.Fetch(t.Context(), []copr.Source{{URL: "file://" + allowed + "/a-{version}.tar"}}, "1", t.TempDir())
	if err != nil || len(files) != 1 || files[0].SHA256 != sum(allowed) {
		t.Errorf("%v, %v", files, err)
	}
	for _, u := range []string{
		"file://" + outside + "/a-1.tar", "file://" + allowed + "/../out/a-1.tar", "file://" + allowed + "/link", "file://" + allowed + "/pipe",
		"file://" + allowed, "file://host" + allowed + "/a-1.tar", "file:a-1.tar", "file://" + allowed + "/%2e%2e/out/a-1.tar",
	} {
		if files, err := f.Fetch(t.Context(), []copr.Source{{URL: u}}, "1", t.TempDir()); err == nil {
			t.Errorf("%s: %v", u, files)
		}
	}
}

func TestVersions(t *testing.T) {
	for _, v := range []string{"4.2.1", "1", "2026.11~rc1", "1.0+git5"} {
		if err := source.CheckVersion(v); err != nil {
			t.Error(err)
		}
	}
	for _, v := range []string{"", "v4", "4-1", "4/2", "4 2", "4%2", "4\n", "4\x0e", "../4", "4.2{x}", "4;id", "4é", strings.Repeat("1", 101)} {
		if source.CheckVersion(v) == nil {
			t.Errorf("%q passed", v)
		}
	}
}

// rpmbuild makes source packages as they are, without the sandbox: the specs here are ours. What rpm records of paths is
// made the same by other means than mounts: nothing is unpacked, and sources are named from where they lie.
type rpmbuild struct{}

func (rpmbuild) MakeSRPM(ctx context.Context, spec, sources, out string, epoch int64, log io.Writer) error {
	cmd := exec.CommandContext(ctx, "rpmbuild", "-bs", "--nodeps", "--define", "_sourcedir .", "--define", "_srcrpmdir "+out, "--define", "_topdir /build",
		"--define", "_buildhost copr", "--define", "use_source_date_epoch_as_buildtime 1", spec)
	cmd.Dir = sources
	cmd.Env = append(os.Environ(), fmt.Sprint("SOURCE_DATE_EPOCH=", epoch))
	cmd.Stdout, cmd.Stderr = log, log
	return cmd.Run()
}

const tinySpec = `%{!?upstream_version:%global upstream_version 0}
Name: tiny
Version: %{upstream_version}
Release: 1
Summary: tiny
License: MIT
Source0: tiny-%{upstream_version}.tar
Source1: extra.conf
BuildArch: noarch
%description
tiny
%prep
%setup -q
%files
`

func recipe(t *testing.T, base, spec string) source.Recipe {
	t.Helper()
	dir := t.TempDir()
	r := source.Recipe{Package: "tiny", Version: "1.5", Spec: filepath.Join(dir, "tiny.spec"), Extra: []string{filepath.Join(dir, "extra.conf")},
		Sources: []copr.Source{{URL: base + "/tiny-{version}.tar"}}, Epoch: 1_700_000_000}
	for name, text := range map[string]string{"tiny.spec": spec, "extra.conf": "a=b\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func TestMake(t *testing.T) {
	if _, err := exec.LookPath("rpmbuild"); err != nil {
		t.Skip("rpmbuild is not installed: apt-get install rpm")
	}
	f, _, base := fetcher(t, map[string]string{"/tiny-1.5.tar": "tar", "/tiny-1.6.tar": "tar"})
	m := source.Maker{Fetcher: f, SRPM: rpmbuild{}}
	out := t.TempDir()
	made, err := m.Make(t.Context(), recipe(t, base, tinySpec), out)
	if err != nil {
		t.Fatal(err)
	}
	if made.EVR != "1.5-1" || made.File.Name != "tiny-1.5-1.src.rpm" || len(made.Sources) != 1 {
		t.Errorf("%+v", made)
	}
	// The package itself says which version it is: rebuilt elsewhere it is the same.
	name := filepath.Join(out, made.File.Name)
	if got, err := exec.Command("rpm", "-qp", "--qf", "%{VERSION} [%{FILENAMES} ]", name).Output(); err != nil || string(got) != "1.5 extra.conf tiny-1.5.tar tiny.spec " {
		t.Errorf("rpm says %q, %v", got, err)
	}
	entries, _ := os.ReadDir(out)
	if len(entries) != 1 {
		t.Errorf("left %v", entries)
	}
	// Another directory, another time, another umask: the same bytes.
	defer syscall.Umask(syscall.Umask(0o077))
	again, err := m.Make(t.Context(), recipe(t, base, tinySpec), t.TempDir())
	if err != nil || again.File != made.File {
		t.Errorf("made again: %+v, %v; want %+v", again.File, err, made.File)
	}
	t.Run("from a source package", func(t *testing.T) {
		f.Allowed = []string{out}
		f.Max = 1 << 20
		r := source.Recipe{Package: "tiny", Version: "9", Sources: []copr.Source{{URL: "file://" + name}}}
		got, err := m.Make(t.Context(), r, t.TempDir())
		if err != nil || got.File != made.File || got.EVR != "1.5-1" {
			t.Errorf("%+v, %v", got, err)
		}
		r.Package = "other"
		if _, err := m.Make(t.Context(), r, t.TempDir()); err == nil {
			t.Error("a source package of another name was taken")
		}
	})
}

func TestMakeRefuses(t *testing.T) {
	if _, err := exec.LookPath("rpmbuild"); err != nil {
		t.Skip("rpmbuild is not installed: apt-get install rpm")
	}
	f, _, base := fetcher(t, map[string]string{"/tiny-1.5.tar": "tar"})
	m := source.Maker{Fetcher: f, SRPM: rpmbuild{}}
	for name, change := range map[string]func(*source.Recipe){
		"name of another":        func(r *source.Recipe) { r.Package = "other" },
		"version of its own":     func(r *source.Recipe) { rewrite(t, r.Spec, "Version: %{upstream_version}", "Version: 2") },
		"version not used":       func(r *source.Recipe) { rewrite(t, r.Spec, "%{upstream_version}", "2") },
		"no spec":                func(r *source.Recipe) { rewrite(t, r.Spec, "Name:", "Nome:") },
		"version that is code":   func(r *source.Recipe) { r.Version = "1.5%(touch x)" },
		"extra over a source":    func(r *source.Recipe) { r.Sources[0].Name = "extra.conf" },
		"source over the spec":   func(r *source.Recipe) { r.Sources[0].Name = "tiny.spec" },
		"spec that is not there": func(r *source.Recipe) { r.Spec += "x" },
	} {
		out := t.TempDir()
		r := recipe(t, base, tinySpec)
		change(&r)
		var log bytes.Buffer
		r.Log = &log
		if made, err := m.Make(t.Context(), r, out); err == nil {
			t.Errorf("%s: made %+v", name, made)
		}
		if left, _ := os.ReadDir(out); len(left) != 0 {
			t.Errorf("%s: left %v", name, left)
		}
	}
}

// What a killed Make leaves is known as temporary.
func TestWorkIsTemporary(t *testing.T) {
	out := t.TempDir()
	f, _, base := fetcher(t, map[string]string{"/tiny-1.5.tar": "tar"})
	look := &looker{out: out}
	m := source.Maker{Fetcher: f, SRPM: look}
	m.Make(t.Context(), recipe(t, base, tinySpec), out)
	if len(look.saw) != 1 || !durable.IsTemp(look.saw[0]) {
		t.Errorf("working in %v", look.saw)
	}
}

// looker is asked for a source package and looks at what is there meanwhile.
type looker struct {
	out string
	saw []string
}

func (l *looker) MakeSRPM(context.Context, string, string, string, int64, io.Writer) error {
	entries, err := os.ReadDir(l.out)
	for _, e := range entries {
		l.saw = append(l.saw, e.Name())
	}
	return errors.Join(err, errors.New("only looking"))
}

func rewrite(t *testing.T, name, old, new string) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err == nil {
		err = os.WriteFile(name, []byte(strings.ReplaceAll(string(data), old, new)), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
