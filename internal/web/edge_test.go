package web_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"mirrorctl/internal/metric"
	"mirrorctl/internal/web"
	"mirrorctl/mirror"
)

func newEdge(t testing.TB, access *web.AccessLog) *web.Edge {
	t.Helper()
	return web.NewEdge(metric.New("", ""), slog.New(slog.DiscardHandler), access, nil)
}

// buffer is a bytes.Buffer that a logger and a test may share.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func TestErrorsBecomeAnswers(t *testing.T) {
	secret := errors.New("password of the store")
	for _, c := range []struct {
		name   string
		err    error
		status int
		body   string
		reason string
		logged bool // at the level that operators see
	}{
		{"no such file", fmt.Errorf("open /srv/x: %w", fs.ErrNotExist), 404, "404 not found\n", "not_found", false},
		{"no such tree", mirror.ErrUnknownTree, 404, "404 not found\n", "unknown_tree", false},
		{"bad path", fmt.Errorf("%w: x", mirror.ErrBadPath), 400, "400 bad path\n", "bad_path", false},
		{"all else", secret, 500, "500 internal server error\n", "internal", true},
		{"a problem", &web.Problem{Status: 409, Reason: "precondition", Text: "no", Err: secret}, 409, "409 no\n", "precondition", false},
		{"a problem deep inside", fmt.Errorf("x: %w", &web.Problem{Status: 416, Reason: "range", Text: "no"}), 416, "416 no\n", "range", false},
		{"given up, though the client is there", context.Canceled, 503, "503 try again later\n", "canceled", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log buffer
			set := metric.New("", "")
			edge := web.NewEdge(set, slog.New(slog.NewTextHandler(&log, nil)), nil, nil)
			w := httptest.NewRecorder()
			edge.Wrap(func(http.ResponseWriter, *http.Request) error { return c.err }).ServeHTTP(w, httptest.NewRequest("GET", "/x", nil))
			if w.Code != c.status || w.Body.String() != c.body || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
				t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
			}
			if n := set.Counter(metric.HTTPErrors, c.reason).Value(); n != 1 {
				t.Errorf("reason %s counted %d times", c.reason, n)
			}
			if n := strings.Count(log.String(), "request failed"); (n == 1) != c.logged || n > 1 {
				t.Errorf("%d lines in the log:\n%s", n, log.String())
			}
		})
	}
}

func TestPanicIsAnsweredCountedAndLogged(t *testing.T) {
	var log buffer
	set := metric.New("", "")
	edge := web.NewEdge(set, slog.New(slog.NewTextHandler(&log, nil)), nil, nil)
	w := httptest.NewRecorder()
	edge.Wrap(func(http.ResponseWriter, *http.Request) error { panic("boo") }).ServeHTTP(w, httptest.NewRequest("GET", "/x", nil))
	if w.Code != 500 || set.Counter(metric.HTTPPanics).Value() != 1 || set.Counter(metric.HTTPErrors, "panic").Value() != 1 {
		t.Errorf("%d, %d panics", w.Code, set.Counter(metric.HTTPPanics).Value())
	}
	if s := log.String(); !strings.Contains(s, "boo") || !strings.Contains(s, "edge_test.go") || strings.Contains(w.Body.String(), "boo") {
		t.Errorf("log %s\nbody %s", s, w.Body)
	}
}

// mustAbort expects the panic by which net/http closes a connection.
func mustAbort(t *testing.T, f func()) {
	t.Helper()
	defer func() {
		if v := recover(); v != http.ErrAbortHandler {
			t.Errorf("recovered %v, want http.ErrAbortHandler", v)
		}
	}()
	f()
}

func TestClientGoneGetsNothing(t *testing.T) {
	set := metric.New("", "")
	edge := web.NewEdge(set, slog.New(slog.DiscardHandler), nil, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	mustAbort(t, func() {
		edge.Wrap(func(_ http.ResponseWriter, r *http.Request) error { return r.Context().Err() }).
			ServeHTTP(w, httptest.NewRequest("GET", "/x", nil).WithContext(ctx))
	})
	if n := set.Counter(metric.HTTPRequests, "other", "other", "499", "none").Value(); n != 1 || w.Body.Len() > 0 {
		t.Errorf("499 counted %d times, body %q", n, w.Body)
	}
}

func TestErrorAfterTheHeaderClosesTheConnection(t *testing.T) {
	edge := newEdge(t, nil)
	w := httptest.NewRecorder()
	mustAbort(t, func() {
		edge.Wrap(func(w http.ResponseWriter, _ *http.Request) error {
			w.Write([]byte("half"))
			return errors.New("disk died")
		}).ServeHTTP(w, httptest.NewRequest("GET", "/x", nil))
	})
	if w.Body.String() != "half" {
		t.Errorf("body %q", w.Body)
	}
}

func TestFactsAreCounted(t *testing.T) {
	set := metric.New("", "")
	edge := web.NewEdge(set, slog.New(slog.DiscardHandler), nil, nil)
	f25, f26 := mirror.Release{Product: "fedora", Version: "25"}, mirror.Release{Product: "fedora", Version: "26"}
	edge.SetReleases([]mirror.Release{f25})
	h := edge.Wrap(func(w http.ResponseWriter, r *http.Request) error {
		f := web.FactsOf(w)
		f.Site, f.Kind, f.Cache, f.Release, f.State = web.SiteArchive, mirror.KindPrimary, web.CacheHit, f25, mirror.Pruned
		if r.URL.Path == "/26" {
			f.Release = f26 // not in the catalog: no series of its own
		}
		_, err := w.Write([]byte("hello"))
		return err
	})
	for _, path := range []string{"/25", "/25", "/26"} {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("User-Agent", "libdnf (Fedora 25; workstation; Linux.x86_64)")
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	var out bytes.Buffer
	if err := set.WritePrometheus(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`mirrorctl_http_requests_total{site="archive",kind="primary",code="200",cache="hit"} 3`,
		`mirrorctl_http_response_bytes_total{site="archive",kind="primary",code="200",cache="hit"} 15`,
		`mirrorctl_http_request_duration_seconds_count{site="archive",kind="primary"} 3`,
		`mirrorctl_client_requests_total{client="dnf",os="fedora-25",arch="x86_64"} 3`,
		`mirrorctl_release_requests_total{release="fedora-25",state="pruned",kind="primary"} 2`,
		`mirrorctl_release_response_bytes_total{release="fedora-25",state="pruned",kind="primary"} 10`,
		`mirrorctl_http_requests_in_flight 0`,
	} {
		if !strings.Contains(out.String(), want+"\n") {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(out.String(), "fedora-26") {
		t.Error("a release that the catalog does not know became a label")
	}
}
