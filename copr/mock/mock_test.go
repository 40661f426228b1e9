package mock

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/coprtest"
)

var task = copr.Task{
	Build: 7, Chroot: copr.Chroot{Distribution: "epel", Version: "9", Arch: coprtest.Arch()}, Attempt: 1, Package: "tiny", Epoch: 1e9,
	Profile: copr.Profile{Macros: map[string]string{"dist": ".el9", "odd": `a "quoted" \ 'word' of é`, "lines": "one\ntwo"}},
}

var target = Target{Repositories: []Repository{{ID: "base", BaseURL: "http://127.0.0.1/el9/$basearch/", Hotfix: true}, {ID: "epel", BaseURL: "http://127.0.0.1/epel9/", GPGKey: "file:///etc/key"}}}

// The configuration is Python: Python reads it here, and dnf's part of it as dnf does.
func TestConfigIsPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("SKIP: no python3: install the package python3")
	}
	text, err := target.config(task, "/var/lib/m")
	if err != nil {
		t.Fatal(err)
	}
	const check = `
import collections, configparser, sys
class Options(dict):
    def __missing__(self, key):
        self[key] = Options(); return self[key]
config_opts = Options()
exec(compile(sys.stdin.read(), "mock.cfg", "exec"), {"config_opts": config_opts})
assert config_opts["macros"]["%odd"] == "a \"quoted\" \\ 'word' of \u00e9", config_opts["macros"]
assert config_opts["macros"]["%lines"] == "one\ntwo"
assert config_opts["macros"]["%dist"] == ".el9"
assert config_opts["environment"]["SOURCE_DATE_EPOCH"] == "1000000000"
assert config_opts["rpmbuild_networking"] is False
dnf = configparser.ConfigParser(interpolation=None)
dnf.read_string(config_opts["dnf.conf"])
assert dnf.sections() == ["main", "base", "epel"], dnf.sections()
assert dnf["base"]["baseurl"] == "http://127.0.0.1/el9/$basearch/" and dnf["base"]["module_hotfixes"] == "1"
assert dnf["epel"]["gpgcheck"] == "1" and dnf["main"]["gpgcheck"] == "0"
print("read", len(config_opts))
`
	cmd := exec.Command(python, "-c", check)
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.HasPrefix(out, []byte("read ")) {
		t.Errorf("%v\n%s\n%s", err, out, text)
	}
}

func TestConfigRefuses(t *testing.T) {
	jinja := task
	jinja.Profile.Macros = map[string]string{"x": "{{ 1 }}"}
	if _, err := target.config(jinja, "/m"); err == nil {
		t.Error("what mock would expand was let through")
	}
	for name, bad := range map[string]Target{
		"nothing":   {},
		"no url":    {Repositories: []Repository{{ID: "a"}}},
		"two lines": {Repositories: []Repository{{ID: "a", BaseURL: "http://x/\n[b]"}}},
	} {
		if _, err := bad.config(task, "/m"); err == nil {
			t.Errorf("%s was let through", name)
		}
	}
}

// program writes an executable that stands where mock is expected: the shell is real, and what is tested is how this
// package starts, reads and ends a program.
func program(t *testing.T, script string) *Builder {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/mock", []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return &Builder{Program: dir + "/mock", Dir: dir + "/mock-dir", Targets: map[string]Target{"epel-9": target}}
}

// workspace is one that other users may enter, as mock's wants to.
func workspace(t *testing.T, log *bytes.Buffer) copr.Workspace {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "mock-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := errors.Join(os.Chmod(dir, 0o755), os.Mkdir(dir+"/s", 0o755), os.Mkdir(dir+"/r", 0o700), os.WriteFile(dir+"/x.src.rpm", nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	return copr.Workspace{SRPM: dir + "/x.src.rpm", Results: dir + "/r", Scratch: dir + "/s", Log: log}
}

func TestExitCodes(t *testing.T) {
	for name, tt := range map[string]struct {
		script string
		exit   int
		err    string
		reason string
	}{
		"build failed":    {"echo 'error: Bad exit status from /var/tmp/x (%build)'; echo 'ERROR: Command failed: '; exit 10", 10, "", "Bad exit status"},
		"dependencies":    {"echo 'ERROR: No matching package to install: nothing-devel'; exit 30", 30, "", "nothing-devel"},
		"rpmbuild killed": {"exit 247", 128 + 9, "", "signal 9"}, // seen of mock: -9, in one byte
		"killed":          {"kill -9 $$", 0, "ended with 137", ""},
		"configuration":   {"echo 'ERROR: Could not find required config file'; exit 5", 0, "about this builder: Could not find", ""},
		"locked":          {"exit 60", 0, "about this builder", ""},
		"success, nought": {"exit 0", 1, "", "left no packages"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			out, err := program(t, tt.script).Build(t.Context(), task, workspace(t, &log))
			if (err != nil) != (tt.err != "") || (err != nil && !strings.Contains(err.Error(), tt.err)) {
				t.Fatalf("%+v, %v", out, err)
			}
			if out.Exit != tt.exit || !strings.Contains(out.Reason, tt.reason) {
				t.Errorf("%+v\n%s", out, log.String())
			}
		})
	}
	if _, err := (&Builder{Program: "/nonexistent/mock", Targets: map[string]Target{"epel-9": target}}).Build(t.Context(), task, workspace(t, nil)); err == nil ||
		!strings.Contains(err.Error(), "docs/how-to/mock.md") {
		t.Errorf("without mock: %v", err)
	}
	if _, err := (&Builder{Program: "/bin/true"}).Build(t.Context(), task, workspace(t, nil)); err == nil {
		t.Error("without repositories it was built")
	}
}

// What mock leaves is copied: packages, not the source package made anew, nor logs; nothing if one of them is no plain file.
func TestResults(t *testing.T) {
	const left = `while [ "$1" != --resultdir ]; do shift; done; cd "$2"; echo a >a-1-1.noarch.rpm; echo s >a-1-1.src.rpm; echo log >build.log
printf 'bash-5.1-1.x86_64 12 34 sig\nzlib-1.2-1.x86_64 12 34 sig\n' >installed_pkgs.log
`
	var log bytes.Buffer
	w := workspace(t, &log)
	out, err := program(t, left).Build(t.Context(), task, w)
	if err != nil || out.Exit != 0 || strings.Join(out.Buildroot, " ") != "bash-5.1-1.x86_64 zlib-1.2-1.x86_64" {
		t.Fatalf("%+v, %v\n%s", out, err, log.String())
	}
	names, _ := filepath.Glob(w.Results + "/*")
	if len(names) != 1 || filepath.Base(names[0]) != "a-1-1.noarch.rpm" {
		t.Errorf("results %q", names)
	}
	for name, bad := range map[string]string{
		"symlink": "ln -s /etc/passwd b.rpm", "fifo": "mkfifo b.rpm", "hard link": "ln a-1-1.noarch.rpm b.rpm", "name": "echo >'b c.rpm'", "directory": "mkdir b.rpm",
	} {
		w := workspace(t, &log)
		out, err := program(t, left+bad).Build(t.Context(), task, w)
		names, _ := filepath.Glob(w.Results + "/*")
		if err != nil || out.Exit == 0 || out.Reason == "" || len(names) != 0 {
			t.Errorf("%s: %+v, %v, left %q", name, out, err, names)
		}
	}
}

// As root, a cancel leaves nothing of what mock started, in whatever session.
func TestCancel(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIP: not root: mock cleans up itself then")
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(500*time.Millisecond, cancel)
	_, err := program(t, "trap '' TERM; (setsid sleep 87654321 &) ; sleep 87654321").Build(ctx, task, workspace(t, nil))
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if left := coprtest.Running(t, "87654321"); len(left) > 0 {
		t.Errorf("still running: %q", left)
	}
}

// The real mock, where there is one. MIRRORCTL_MOCK_REPO is the address of a repository that holds a buildroot, and
// MIRRORCTL_MOCK_PACKAGES what to install of it.
func TestBuilder(t *testing.T) {
	mock, repo := os.Getenv("MIRRORCTL_MOCK"), os.Getenv("MIRRORCTL_MOCK_REPO")
	if mock == "" || repo == "" {
		t.Skip("SKIP: MIRRORCTL_MOCK and MIRRORCTL_MOCK_REPO are not set: docs/how-to/mock.md says how to obtain mock")
	}
	// t.TempDir is closed to mock's user.
	dir, err := os.MkdirTemp("/tmp", "mock-real-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", dir)
	real := Target{Repositories: []Repository{{ID: "buildroot", BaseURL: repo}}, Packages: strings.Fields(os.Getenv("MIRRORCTL_MOCK_PACKAGES"))}
	coprtest.TestBuilder(t, func() copr.Builder {
		return opened{&Builder{Program: mock, Dir: dir + "/mock", Targets: map[string]Target{"epel-9": real}}}
	})
}

// opened gives mock's user its way through the test's directories.
type opened struct{ *Builder }

func (o opened) Build(ctx context.Context, t copr.Task, w copr.Workspace) (copr.Outcome, error) {
	for dir := w.Scratch; dir != "/tmp" && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			return copr.Outcome{}, err
		}
	}
	return o.Builder.Build(ctx, t, w)
}
