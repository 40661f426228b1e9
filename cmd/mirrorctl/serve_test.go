package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mirrorctl/internal/config"
	"mirrorctl/internal/demo"
)

// smallSite is a small site of the test's own.
func smallSite(t testing.TB) *demo.Site {
	t.Helper()
	s, err := demo.Make(t.Context(), filepath.Join(t.TempDir(), "demo"), demo.Options{Releases: []string{"el-10"}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// running is `mirrorctl serve` in this process.
type running struct {
	t             testing.TB
	public, admin string // URLs with a trailing slash
	cancel        context.CancelCauseFunc
	ended         chan int

	mu  sync.Mutex
	log bytes.Buffer
}

func (r *running) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Write(p)
}

func (r *running) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.String()
}

// begin starts the service and does not wait for it.
func begin(t testing.TB, s *demo.Site, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancelCause(context.Background())
	r := &running{t: t, cancel: cancel, ended: make(chan int, 1)}
	e := &env{args: append([]string{"--config", s.Config, "serve"}, args...), stdin: strings.NewReader(""), stdout: io.Discard, stderr: r, getenv: func(string) string { return "" }}
	go func() { r.ended <- run(ctx, e) }()
	t.Cleanup(func() { cancel(signalError{syscall.SIGTERM}) })
	return r
}

// serveDemo starts the service on addresses of its own and waits until it is ready.
func serveDemo(t testing.TB, s *demo.Site, args ...string) *running {
	t.Helper()
	r := begin(t, s, append([]string{"--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"}, args...)...)
	r.eventually("serving", func() bool {
		for line := range strings.Lines(r.text()) {
			var said struct{ Msg, Listen, Admin string }
			if json.Unmarshal([]byte(line), &said) == nil && said.Msg == "serving" {
				r.public, r.admin = "http://"+said.Listen+"/", "http://"+said.Admin+"/"
				return true
			}
		}
		return false
	})
	r.eventually("ready", func() bool { status, _ := r.get(r.admin + "readyz"); return status == 200 })
	return r
}

func (r *running) eventually(what string, ok func() bool) {
	r.t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("%s: not within 20 s\n%s", what, r.text())
		}
	}
}

func (r *running) get(url string) (int, string) {
	r.t.Helper()
	res, err := http.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	return res.StatusCode, string(body)
}

// wait is how it ended.
func (r *running) wait() int {
	r.t.Helper()
	select {
	case code := <-r.ended:
		return code
	case <-time.After(40 * time.Second):
		r.t.Fatalf("it does not end\n%s", r.text())
		return 0
	}
}

func (r *running) stop() int {
	r.t.Helper()
	r.cancel(signalError{syscall.SIGTERM})
	return r.wait()
}

func TestServeAnswersAndEnds(t *testing.T) {
	r := serveDemo(t, smallSite(t))
	for path, want := range map[string]int{
		"": 200, "healthz": 200, "readyz": 200, "status": 200, "status.json": 200, "mirrorlist": 200, "metalink": 200, "mirrorlist/x": 404,
		"free/el/updates/10/x86_64/repodata/repomd.xml": 200, "debug/pprof/": 404, "metrics": 404, "nothing": 404,
	} {
		if got, body := r.get(r.public + path); got != want {
			t.Errorf("/%s: %d, want %d: %s", path, got, want, body)
		}
	}
	if _, metrics := r.get(r.admin + "metrics"); !strings.Contains(metrics, "\nmirrorctl_http_connections ") {
		t.Errorf("metrics lack the connections: %s", metrics)
	}
	if status, _ := r.get(r.admin + "debug/pprof/"); status != 200 {
		t.Errorf("pprof: %d", status)
	}
	if code := r.stop(); code != exitDone {
		t.Errorf("exit code %d: %s", code, r.text())
	}
}

// A connection that stays open beyond the limit is cut, and that is no failure.
func TestADrainHasALimit(t *testing.T) {
	s := smallSite(t)
	change(t, s, "drain: 1500ms\n")
	r := serveDemo(t, s)
	conn, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(r.public, "http://"), "/"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: h\r\n") // never ends its request
	begin := time.Now()
	if code := r.stop(); code != exitDone || time.Since(begin) > 6*time.Second || !strings.Contains(r.text(), "took too long") {
		t.Errorf("exit code %d after %s: %s", code, time.Since(begin), r.text())
	}
}

// change adds lines to a configuration.
func change(t testing.TB, s *demo.Site, lines string) {
	t.Helper()
	raw, err := os.ReadFile(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.Config, append(raw, lines...), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestSighupReloads(t *testing.T) {
	s := smallSite(t)
	r := serveDemo(t, s)
	list := r.public + "mirrorlist?repo=free-el-updates-released-10&arch=x86_64"
	hup := func() {
		t.Helper()
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	good, err := os.ReadFile(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	change(t, s, "lists: {disabled: [free-el-updates-released-10]}\n")
	hup()
	r.eventually("the list is disabled", func() bool { _, body := r.get(list); return body == "repo disabled" })
	for name, bad := range map[string]string{"a misspelt key": "listz: {}\n", "another root": "root: /\n"} {
		text := good
		if name == "another root" {
			text = bytes.Replace(good, []byte("root: "), []byte("root: /tmp # "), 1)
		} else {
			text = append(bytes.Clone(good), bad...)
		}
		if err := os.WriteFile(s.Config, text, 0o644); err != nil {
			t.Fatal(err)
		}
		before := strings.Count(r.text(), "was not reloaded")
		hup()
		r.eventually(name+" is refused", func() bool { return strings.Count(r.text(), "was not reloaded") > before })
		if _, metrics := r.get(r.admin + "metrics"); !strings.Contains(metrics, "\nmirrorctl_config_last_reload_successful 0\n") {
			t.Errorf("%s: the metric does not tell", name)
		}
		if _, body := r.get(list); body != "repo disabled" {
			t.Errorf("%s: the old configuration is not in force: %q", name, body)
		}
	}
	if err := os.WriteFile(s.Config, good, 0o644); err != nil {
		t.Fatal(err)
	}
	hup()
	r.eventually("reloaded", func() bool { _, body := r.get(list); return strings.Contains(body, "http://") })
	if code := r.stop(); code != exitDone {
		t.Errorf("exit code %d", code)
	}
}

// What can go wrong at the start ends with one line that says what, where, and what to do.
func TestServeRefusesToStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, tt := range []struct {
		name   string
		args   []string
		change func(s *demo.Site) error
		code   int
		want   string
	}{
		{"port taken", []string{"--listen", taken.Addr().String()}, nil, exitFailed, "another program listens there"},
		{"admin port taken", []string{"--admin-listen", taken.Addr().String()}, nil, exitFailed, "another program listens there"},
		{"no state", nil, func(s *demo.Site) error { return os.RemoveAll(s.State) }, exitUsage, "state is not there"},
		{"no state for a successor", []string{"--takeover"}, func(s *demo.Site) error { return os.RemoveAll(s.State) }, exitUsage, "state is not there"},
		{"no root", nil, func(s *demo.Site) error { return os.RemoveAll(s.Root) }, exitUsage, "pub is not there"},
		{"damaged document", nil, func(s *demo.Site) error {
			return os.WriteFile(filepath.Join(s.State, "state.json"), []byte("{"), 0o644)
		}, exitFailed, "restore it from a backup"},
		{"no such level", []string{"--log-level", "loud"}, nil, exitUsage, "want debug, info, warn or error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := smallSite(t)
			if tt.change != nil {
				if err := tt.change(s); err != nil {
					t.Fatal(err)
				}
			}
			probe, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			probe.Close()
			r := begin(t, s, append([]string{"--listen", probe.Addr().String(), "--admin-listen", "127.0.0.1:0"}, tt.args...)...)
			code, lines := r.wait(), strings.Split(strings.TrimSpace(r.text()), "\n")
			if last := lines[len(lines)-1]; code != tt.code || !strings.HasPrefix(last, "mirrorctl: ") || !strings.Contains(strings.Replace(last, ": ", " ", 1)+" ", tt.want) {
				t.Errorf("exit code %d, want %d; %q, want %q", code, tt.code, last, tt.want)
			}
			again, err := net.Listen("tcp", probe.Addr().String())
			if err != nil {
				t.Fatalf("a listener stays behind: %v", err)
			}
			again.Close()
		})
	}
}

// A signal before the service has come up ends it with the signal's code, wherever it was.
func TestInterruptedStart(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(signalError{syscall.SIGINT})
	for name, err := range map[string]error{
		"a package that returns the context's error": fmt.Errorf("load: %w", ctx.Err()),
		"a package that returns its cause":           fmt.Errorf("scan root: %w", context.Cause(ctx)),
	} {
		if code, _ := verdict(ctx, err); code != 130 {
			t.Errorf("%s: exit code %d", name, code)
		}
	}
	s := smallSite(t)
	var out bytes.Buffer
	e := &env{args: []string{"--config", s.Config, "serve", "--listen", "127.0.0.1:0", "--admin-listen", ""}, stdin: strings.NewReader(""), stdout: &out, stderr: &out, getenv: func(string) string { return "" }}
	if code := run(ctx, e); code != 130 {
		t.Errorf("exit code %d: %s", code, &out)
	}
}

// A loop that fails ends the service, with its error.
func TestAFailedLoopEndsTheService(t *testing.T) {
	s := smallSite(t)
	cfg, err := config.Load(s.Config, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.Override("", "127.0.0.1:0", "127.0.0.1:0", ""); err != nil {
		t.Fatal(err)
	}
	v, err := openService(t.Context(), cfg, false, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer v.close()
	v.admin.listeners[0].TCPListener.Close()
	ended := make(chan error, 1)
	go func() { ended <- v.run(t.Context(), make(chan os.Signal), nil) }()
	select {
	case err = <-ended:
	case <-time.After(30 * time.Second):
		t.Fatal("it goes on")
	}
	if err == nil || !strings.Contains(err.Error(), "admin: ") || !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v", err)
	}
}

// A successor takes the public listener, and opens an admin listener of its own where it is told another address. A
// socket that a dead service left behind is in nobody's way.
func TestTakeover(t *testing.T) {
	s := smallSite(t)
	old := serveDemo(t, s)
	addr := strings.TrimSuffix(strings.TrimPrefix(old.public, "http://"), "/")
	next := serveDemo(t, s, "--listen", addr, "--takeover")
	if next.public != old.public || next.admin == old.admin {
		t.Fatalf("public %s and %s, admin %s and %s", old.public, next.public, old.admin, next.admin)
	}
	if code := old.stop(); code != exitDone {
		t.Errorf("exit code %d: %s", code, old.text())
	}
	for range 20 {
		if status, body := next.get(next.public + "healthz"); status != 200 {
			t.Fatalf("%d %s", status, body)
		}
	}
	if code := next.stop(); code != exitDone {
		t.Errorf("exit code %d: %s", code, next.text())
	}
	if st, err := os.Lstat(filepath.Join(s.State, "handover.sock")); err != nil || st.Mode()&fs.ModeSocket == 0 {
		t.Fatalf("this test wants a socket that is left behind: %v, %v", st, err)
	}
	third := serveDemo(t, s, "--listen", addr, "--takeover")
	if third.public != old.public {
		t.Errorf("on %s", third.public)
	}
	if code := third.stop(); code != exitDone {
		t.Errorf("exit code %d: %s", code, third.text())
	}
}

func TestSameAddr(t *testing.T) {
	for _, tt := range []struct {
		has, want string
		same      bool
	}{
		{"[::]:8080", ":8080", true},
		{"0.0.0.0:8080", ":8080", true},
		{"[::]:8080", "0.0.0.0:8080", true},
		{"127.0.0.1:8080", "127.0.0.1:8080", true},
		{"127.0.0.1:8080", "localhost:8080", true},
		{"127.0.0.1:8080", ":8080", false},
		{"[::]:8080", "127.0.0.1:8080", false},
		{"[::]:8080", ":8081", false},
		{"[::1]:8080", "[::1]:8080", true},
		{"[::]:8080", "nonsense", false},
	} {
		has, err := net.ResolveTCPAddr("tcp", tt.has)
		if err != nil {
			t.Fatal(err)
		}
		if got := sameAddr(has, tt.want); got != tt.same {
			t.Errorf("%s for %s: %v", tt.has, tt.want, got)
		}
	}
}
