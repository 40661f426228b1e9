package coprtest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mirrorctl/copr"
)

// TestBuilder holds a builder to what copr.Builder promises. It needs rpmbuild and rpm on the host, to make real source packages
// and to read real results.
func TestBuilder(t *testing.T, newBuilder func() copr.Builder) {
	if _, err := exec.LookPath("rpmbuild"); err != nil {
		t.Skip("SKIP: no rpmbuild: install the package rpm")
	}
	for _, test := range []struct {
		name string
		run  func(*testing.T, *bench)
	}{
		{"packages", testPackages},
		{"failure", testFailure},
		{"syntax error", testSyntaxError},
		{"signal", testSignal},
		{"time limit", testTimeLimit},
		{"cancel", testCancel},
		{"log streams", testLogStreams},
		{"equal bytes", testEqualBytes},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, newBench(t, newBuilder())) })
	}
}

// bench is a builder with a task before it.
type bench struct {
	builder copr.Builder
	task    copr.Task
	log     log
}

func newBench(t *testing.T, b copr.Builder) *bench {
	chroot := copr.Chroot{Distribution: "epel", Version: "9", Arch: Arch()}
	return &bench{builder: b, task: copr.Task{
		Build: 1, Chroot: chroot, Attempt: 1, Project: copr.ProjectName{Owner: "o", Name: "p"}, Package: "tiny", EVR: "1-1.el9",
		Profile: copr.Profile{Macros: map[string]string{"dist": ".el9", "_buildhost": "build.example", "tiny_macro": "from the profile"}},
		Timeout: 5 * time.Minute,
		Epoch:   1_000_000_000,
	}}
}

// build makes a source package whose %build is the script, and builds it.
func (b *bench) build(t *testing.T, ctx context.Context, spec string) (copr.Outcome, string, error) {
	t.Helper()
	w := copr.Workspace{SRPM: b.srpm(t, spec), Results: t.TempDir(), Scratch: t.TempDir(), Log: &b.log}
	out, err := b.builder.Build(ctx, b.task, w)
	return out, w.Results, err
}

func (b *bench) srpm(t *testing.T, spec string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/tiny.spec", []byte(spec), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "rpmbuild", "-bs", "--nodeps", "--define", "_topdir "+dir, "--define", "readable 1", dir+"/tiny.spec")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make a source package: %v\n%s", err, out)
	}
	names, err := filepath.Glob(dir + "/SRPMS/*.src.rpm")
	if err != nil || len(names) != 1 {
		t.Fatalf("source packages %v, %v", names, err)
	}
	return names[0]
}

const spec = `Name:    tiny
Version: 1
Release: 1%{?dist}
Summary: a tiny package
License: MIT
HEAD
%global debug_package %{nil}
%description
A tiny package.
%package doc
Summary: its documentation
BuildArch: noarch
%description doc
Its documentation.
%build
BUILD
%install
mkdir -p %{buildroot}/usr/share/tiny
echo '%{?tiny_macro}' >%{buildroot}/usr/share/tiny/macro
echo doc >%{buildroot}/usr/share/tiny/doc
touch %{buildroot}/usr/share/tiny/empty
%files
/usr/share/tiny/macro
/usr/share/tiny/empty
%files doc
/usr/share/tiny/doc
`

func tiny(build string) string {
	return strings.NewReplacer("HEAD\n", "", "BUILD", build).Replace(spec)
}

func testPackages(t *testing.T, b *bench) {
	out, results, err := b.build(t, t.Context(), tiny("id; pwd"))
	if err != nil || out.Exit != 0 || out.Reason != "" {
		t.Fatalf("%+v, %v\n%s", out, err, b.log.String())
	}
	arch := "tiny-1-1.el9." + Arch() + ".rpm"
	if got := strings.Join(list(t, results), " "); got != arch+" tiny-doc-1-1.el9.noarch.rpm" {
		t.Errorf("results: %s", got)
	}
	query := exec.CommandContext(t.Context(), "rpm", "-qp", "--nosignature", "--qf", "%{NAME} %{ARCH} %{BUILDHOST} %{BUILDTIME} %{SOURCERPM}", filepath.Join(results, arch))
	got, err := query.Output()
	if want := "tiny " + Arch() + " build.example 1000000000 tiny-1-1.el9.src.rpm"; err != nil || string(got) != want {
		t.Errorf("package says %q, %v; want %q", got, err, want)
	}
	if len(out.Buildroot) == 0 || out.Root == "" {
		t.Errorf("buildroot: %q, %d packages", out.Root, len(out.Buildroot))
	}
}

func testFailure(t *testing.T, b *bench) {
	out, results, err := b.build(t, t.Context(), tiny("echo it is broken; exit 3"))
	if err != nil || out.Exit == 0 || out.Reason == "" || len(list(t, results)) != 0 {
		t.Errorf("%+v, %v, left %v", out, err, list(t, results))
	}
	if !strings.Contains(b.log.String(), "it is broken") {
		t.Errorf("log:\n%s", b.log.String())
	}
}

func testSyntaxError(t *testing.T, b *bench) {
	head := "%{!?readable:Unknown: tag}\n" // the source package was made with readable defined
	out, results, err := b.build(t, t.Context(), strings.NewReplacer("HEAD\n", head, "BUILD", "").Replace(spec))
	if err != nil || out.Exit == 0 || out.Reason == "" || len(list(t, results)) != 0 {
		t.Errorf("%+v, %v\n%s", out, err, b.log.String())
	}
}

// The build command itself is killed: what a shell in %build is killed by is rpmbuild's to report.
func testSignal(t *testing.T, b *bench) {
	out, _, err := b.build(t, t.Context(), tiny("kill -9 $PPID; sleep 5"))
	if err != nil || out.Exit != 128+9 {
		t.Errorf("%+v, %v\n%s", out, err, b.log.String())
	}
}

func testTimeLimit(t *testing.T, b *bench) {
	b.task.Timeout = 3 * time.Second
	start := time.Now()
	out, _, err := b.build(t, t.Context(), tiny("trap '' TERM INT; sleep 300"))
	if err != nil || out.Exit < 128 || !strings.Contains(out.Reason, "time limit") || time.Since(start) > time.Minute {
		t.Errorf("%+v, %v after %v", out, err, time.Since(start))
	}
}

// A cancel ends what ignores signals and what has left its session, before Build returns.
func testCancel(t *testing.T, b *bench) {
	mark := strconv.FormatInt(1e8+time.Now().UnixNano()%1e9, 10)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b.log.wait("all is up", cancel)
	out, results, err := b.build(t, ctx, tiny("trap '' TERM INT HUP; (setsid sh -c 'sleep "+mark+" & sleep "+mark+"' &) ; sleep 0.3; echo all is up; sleep "+mark))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v\n%s", out, err, b.log.String())
	}
	if left := Running(t, mark); len(left) > 0 || len(list(t, results)) > 0 {
		t.Errorf("still running: %q; results %v", left, list(t, results))
	}
}

func testLogStreams(t *testing.T, b *bench) {
	var seen time.Time
	b.log.wait("a first word", func() { seen = time.Now() })
	out, _, err := b.build(t, t.Context(), tiny("echo a first word; sleep 1; echo a last word"))
	if ended := time.Now(); err != nil || out.Exit != 0 || seen.IsZero() || ended.Sub(seen) < 900*time.Millisecond {
		t.Errorf("the first line came %v before the end; %+v, %v", time.Since(seen), out, err)
	}
}

// The same source, another directory, another second.
func testEqualBytes(t *testing.T, b *bench) {
	source := tiny("date >now; sleep 1.1")
	srpm := b.srpm(t, source)
	var first map[string][]byte
	for range 2 {
		w := copr.Workspace{SRPM: srpm, Results: t.TempDir(), Scratch: t.TempDir(), Log: &b.log}
		out, err := b.builder.Build(t.Context(), b.task, w)
		if err != nil || out.Exit != 0 {
			t.Fatalf("%+v, %v\n%s", out, err, b.log.String())
		}
		files := map[string][]byte{}
		for _, name := range list(t, w.Results) {
			if files[name], err = os.ReadFile(filepath.Join(w.Results, name)); err != nil {
				t.Fatal(err)
			}
		}
		for name, data := range first {
			if !bytes.Equal(data, files[name]) {
				t.Errorf("%s differs", name)
			}
		}
		if first != nil && (len(first) != len(files) || len(files) == 0) {
			t.Errorf("%d files, then %d", len(first), len(files))
		}
		first = files
	}
}

func list(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// log takes a build's output, and does something once when a line of its own holds a word.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
	word string
	then func()
}

func (l *log) wait(word string, then func()) { l.word, l.then = word, then }

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	if l.then != nil && strings.Contains("\n"+l.text.String(), "\n"+l.word) { // the shell's trace of it begins with "+"
		l.then()
		l.then = nil
	}
	return len(p), nil
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
