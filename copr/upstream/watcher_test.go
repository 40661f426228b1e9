package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/upstream"
	"mirrorctl/internal/egress"
)

// api answers as GitHub and Anitya do.
type api struct {
	mu     sync.Mutex // guards all
	github string     // body; "" refuses
	header http.Header
	status int
	asked  []string // paths with their query
	last   http.Header
	full   int // answers that were not 304
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, r.URL.String())
	a.last = r.Header
	for k, v := range a.header {
		w.Header()[k] = v
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
		return
	}
	body := a.github
	if r.URL.Path == "/api/v2/versions/" {
		data, err := os.ReadFile("testdata/anitya.json")
		if err != nil {
			panic(err)
		}
		body = string(data)
	}
	tag := fmt.Sprintf("W/%q", fmt.Sprint(len(body)))
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	a.full++
	w.Write([]byte(body))
}

func (a *api) count() (asked, full int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.asked), a.full
}

func serve(t *testing.T) (*api, upstream.Options) {
	t.Helper()
	data, err := os.ReadFile("testdata/github.json")
	if err != nil {
		t.Fatal(err)
	}
	a := &api{github: string(data)}
	s := httptest.NewServer(a)
	t.Cleanup(s.Close)
	c := egress.New(egress.Policy{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	t.Cleanup(c.Close)
	return a, upstream.Options{Client: c, State: filepath.Join(t.TempDir(), "state.json"), GitHub: s.URL, Anitya: s.URL}
}

func watcher(t *testing.T, o upstream.Options) *upstream.Watcher {
	t.Helper()
	w, err := upstream.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func criu(w copr.Watch, version string) upstream.Target {
	return upstream.Target{Project: copr.ProjectName{Owner: "adrian", Name: "criu"}, Package: "criu", Watch: w, Version: version}
}

var (
	github = copr.Watch{GitHub: "checkpoint-restore/criu"}
	anitya = copr.Watch{Anitya: "10404"}
)

// 4.10 is newer than 4.2.1, by rpm's order; a pre-release and a draft are no versions.
func TestNewest(t *testing.T) {
	for name, watch := range map[string]copr.Watch{"github": github, "anitya": anitya} {
		a, o := serve(t)
		w := watcher(t, o)
		for known, want := range map[string]string{"": "4.10", "4.2.1": "4.10", "4.10": "", "4.11": ""} {
			if got, err := w.Check(t.Context(), criu(watch, known)); err != nil || got != want {
				t.Errorf("%s, known %q: %q, %v; want %q", name, known, got, err, want)
			}
		}
		if asked, full := a.count(); full != 1 || asked != 4 {
			t.Errorf("%s: asked %d times, answered in full %d times", name, asked, full)
		}
	}
}

// As the APIs want to be asked.
func TestRequests(t *testing.T) {
	a, o := serve(t)
	o.Token = "s3cret"
	w := watcher(t, o)
	if _, err := w.Check(t.Context(), criu(github, "")); err != nil {
		t.Fatal(err)
	}
	if a.asked[0] != "/repos/checkpoint-restore/criu/releases?per_page=100" || a.last.Get("Accept") != "application/vnd.github+json" ||
		a.last.Get("Authorization") != "Bearer s3cret" || a.last.Get("User-Agent") == "" {
		t.Errorf("%s %v", a.asked[0], a.last)
	}
	if _, err := w.Check(t.Context(), criu(anitya, "")); err != nil {
		t.Fatal(err)
	}
	if a.asked[1] != "/api/v2/versions/?project_id=10404" || a.last.Get("Authorization") != "" {
		t.Errorf("%s %v", a.asked[1], a.last)
	}
	state, err := os.ReadFile(o.State)
	if err != nil || strings.Contains(string(state), "s3cret") {
		t.Errorf("the state holds the token, or is not there: %v", err)
	}
}

// Told again until it is seen; what was seen is kept, and so is the ETag.
func TestSeen(t *testing.T) {
	a, o := serve(t)
	target := criu(github, "4.2")
	for range 2 {
		w := watcher(t, o) // a restart
		if got, err := w.Check(t.Context(), target); err != nil || got != "4.10" {
			t.Fatalf("%q, %v", got, err)
		}
	}
	if _, full := a.count(); full != 1 {
		t.Errorf("answered in full %d times: the ETag was forgotten", full)
	}
	if err := watcher(t, o).Seen(target, "4.10"); err != nil {
		t.Fatal(err)
	}
	if got, err := watcher(t, o).Check(t.Context(), target); err != nil || got != "" {
		t.Errorf("found again: %q, %v", got, err)
	}
	a.mu.Lock()
	a.github = `[{"tag_name":"v4.10.1"}]`
	a.mu.Unlock()
	if got, err := watcher(t, o).Check(t.Context(), target); err != nil || got != "4.10.1" {
		t.Errorf("the next one: %q, %v", got, err)
	}
}

// A server that asks to be left alone is, over a restart too.
func TestBackOff(t *testing.T) {
	for name, h := range map[string]http.Header{
		"retry after":    {"Retry-After": {"3600"}},
		"retry at":       {"Retry-After": {time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}},
		"rate limit":     {"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {fmt.Sprint(time.Now().Add(time.Hour).Unix())}},
		"out of reason":  {"Retry-After": {"2000000000"}},
		"long in future": {"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {"99999999999"}},
	} {
		a, o := serve(t)
		a.status, a.header = http.StatusForbidden, h
		if _, err := watcher(t, o).Check(t.Context(), criu(github, "")); err == nil {
			t.Errorf("%s: no error", name)
		}
		a.status = 0
		if _, err := watcher(t, o).Check(t.Context(), criu(github, "")); err == nil {
			t.Errorf("%s: asked again", name)
		}
		if asked, _ := a.count(); asked != 1 {
			t.Errorf("%s: asked %d times", name, asked)
		}
	}
	// A refusal without a time is asked again at the next turn.
	a, o := serve(t)
	a.status = http.StatusBadGateway
	w := watcher(t, o)
	if _, err := w.Check(t.Context(), criu(github, "")); err == nil {
		t.Error("no error")
	}
	a.status = 0
	if got, err := w.Check(t.Context(), criu(github, "")); err != nil || got != "4.10" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestBrokenAnswers(t *testing.T) {
	for _, body := range []string{"", "{", "null1", `{"message":"Not Found"}`, "<html>", strings.Repeat("[", 1<<20), strings.Repeat(" ", 9<<20)} {
		a, o := serve(t)
		a.github = body
		w := watcher(t, o)
		if got, err := w.Check(t.Context(), criu(github, "")); err == nil {
			t.Errorf("%.20q: found %q", body, got)
		}
		a.github = `[{"tag_name":"v1"}]`
		if got, err := w.Check(t.Context(), criu(github, "")); err != nil || got != "1" {
			t.Errorf("after %.20q: %q, %v", body, got, err)
		}
	}
}

// A private address is asked by nobody who did not allow it.
func TestAsksEgress(t *testing.T) {
	a, o := serve(t)
	o.Client = egress.New(egress.Policy{})
	if _, err := watcher(t, o).Check(t.Context(), criu(github, "")); !errors.Is(err, egress.ErrRefused) {
		t.Error(err)
	}
	if asked, _ := a.count(); asked != 0 {
		t.Error("asked")
	}
}

func TestDirectory(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "drop")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	_, o := serve(t)
	o.Allowed = []string{base}
	w := watcher(t, o)
	watch := copr.Watch{Directory: dir, Pattern: "criu-{version}.tar.xz"}
	put := func(name string, age time.Duration) {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-age)
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
	check := func(want string) {
		t.Helper()
		if got, err := w.Check(t.Context(), criu(watch, "4.2")); err != nil || got != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
	check("")
	put("criu-4.9.tar.xz.part", time.Hour)
	put("criu-5.0~rc1.tar.xz", time.Hour)
	put("other-9.tar.xz", time.Hour)
	put("criu-4.1.tar.xz", time.Hour)
	put("criu-$(id).tar.xz", time.Hour)
	if err := os.Mkdir(filepath.Join(dir, "criu-8.tar.xz"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "criu-9.tar.xz")); err != nil {
		t.Fatal(err)
	}
	check("")
	put("criu-4.2.1.tar.xz", 0) // may still be written
	check("")
	put("criu-4.2.1.tar.xz", time.Minute)
	check("4.2.1")
	watch.Directory = "/etc"
	if _, err := w.Check(t.Context(), criu(watch, "")); err == nil {
		t.Error("a directory that is not allowed was read")
	}
}

// Run finds what is dropped while it runs, tells it again until it is seen, and ends with its context.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	_, o := serve(t)
	o.Allowed, o.Settle = []string{dir}, time.Millisecond
	w := watcher(t, o)
	target := criu(copr.Watch{Directory: dir, Pattern: "criu-{version}.tar.xz", Every: time.Second}, "4.2")
	broken := criu(copr.Watch{Directory: dir + "/none", Pattern: "criu-{version}.tar.xz", Every: time.Second}, "")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	found := make(chan upstream.Found)
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx, []upstream.Target{broken, target}, found) }()
	if err := os.WriteFile(filepath.Join(dir, "criu-4.3.tar.xz"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		select {
		case f := <-found:
			if f.Version != "4.3" || f.Target != target {
				t.Errorf("found %+v", f)
			}
		case <-ctx.Done():
			t.Fatal("found nothing")
		}
	}
	if err := w.Seen(target, "4.3"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "criu-4.4.tar.xz"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for f := range found {
		if f.Version == "4.4" {
			break
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
