package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/internal/egress"
)

// receiver is a real server that writes down what comes and answers as it is told.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status []int // of the next answers; then 204
	got    []delivery
}

type delivery struct {
	header http.Header
	body   string
	status int
}

func receive(t *testing.T, status ...int) *receiver {
	t.Helper()
	v := &receiver{status: status}
	v.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		v.mu.Lock()
		defer v.mu.Unlock()
		code := http.StatusNoContent
		if len(v.status) > 0 && r.Method == http.MethodPost {
			code, v.status = v.status[0], v.status[1:]
		}
		if r.Method != http.MethodPost {
			code = http.StatusOK // whoever follows a redirect by GET is told that all is well
		}
		v.got = append(v.got, delivery{r.Header, string(raw), code})
		if code == 0 {
			panic(http.ErrAbortHandler) // the connection breaks off
		}
		if code == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(code)
	}))
	t.Cleanup(v.Close)
	return v
}

func (v *receiver) all() []delivery {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.got)
}

// wait waits for n requests, and a little longer for one too many.
func (v *receiver) wait(t *testing.T, n int) []delivery {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); len(v.all()) < n; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d requests, want %d", len(v.all()), n)
		}
	}
	time.Sleep(50 * time.Millisecond)
	if got := v.all(); len(got) != n {
		t.Fatalf("%d requests, want %d: %v", len(got), n, got)
	}
	return v.all()
}

// records are builds in memory.
type records struct {
	mu      sync.Mutex
	builds  []*copr.Build
	watches []chan *copr.Build
}

func (r *records) List(copr.Query) []*copr.Build {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.builds)
}

func (r *records) Watch(ctx context.Context) <-chan *copr.Build {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := make(chan *copr.Build, 10_000)
	r.watches = append(r.watches, c)
	context.AfterFunc(ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.watches = slices.DeleteFunc(r.watches, func(o chan *copr.Build) bool { return o == c })
		close(c)
	})
	return c
}

func (r *records) put(id uint64, s copr.State, ended time.Time) {
	c, _ := copr.ParseChroot("epel-9-x86_64")
	b := &copr.Build{ID: id, Project: copr.ProjectName{Owner: "adrian", Name: "criu"}, Package: "criu", Version: "4.2.1", EVR: "4.2.1-1", State: s,
		Channel: copr.Testing, Chroots: []copr.BuildChroot{{Chroot: c, State: s}}}
	if !ended.IsZero() {
		b.Ended = &ended
	}
	if s == copr.Failed {
		b.Chroots[0].Reason = "gate criu: dump failed"
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.builds = append(slices.DeleteFunc(r.builds, func(o *copr.Build) bool { return o.ID == id }), b)
	for _, w := range r.watches {
		w <- b
	}
}

// options are those of a site whose own network is allowed.
func options(t *testing.T, dir string, r *records, hooks ...Hook) Options {
	t.Helper()
	public, _ := url.Parse("https://hub.example.org/")
	return Options{
		Dir: dir, Hooks: hooks, Builds: r, Public: public, Retry: 10 * time.Millisecond, Log: slog.New(slog.DiscardHandler),
		Client: egress.New(egress.Policy{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}),
	}
}

// run runs a notifier until the returned function is called, as a restart would end it.
func run(t *testing.T, o Options) (*Notifier, func()) {
	t.Helper()
	n, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := n.Run(ctx); ctx.Err() == nil {
			t.Errorf("it ended by itself: %v", err)
		}
	}()
	stop := func() { cancel(); <-ended }
	t.Cleanup(stop)
	return n, stop
}

var both = []copr.State{copr.Succeeded, copr.Failed}

// What a receiver gets: what it wants, once, signed.
func TestDelivery(t *testing.T) {
	v, people := receive(t), receive(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := &records{}
	r.put(1, copr.Succeeded, time.Now().Add(-time.Hour)) // of the past
	run(t, options(t, t.TempDir(), r, Hook{URL: v.URL + "/hook", Events: both, SecretFile: secret}, Hook{URL: people.URL, Events: []copr.State{copr.Failed}, Text: true}))
	end := time.Now().Add(time.Second)
	r.put(2, copr.Running, time.Time{})
	r.put(2, copr.Failed, end)
	r.put(2, copr.Failed, end) // another change of the record
	r.put(3, copr.Canceled, end)
	r.put(4, copr.Succeeded, end)
	got := v.wait(t, 2)
	var e Event
	if err := json.Unmarshal([]byte(got[0].body), &e); err != nil {
		t.Fatal(err)
	}
	if e.Build != 2 || e.Event != copr.Failed || e.URL != "https://hub.example.org/api_3/build/2" || len(e.Chroots) != 1 || e.Chroots[0].Reason != "gate criu: dump failed" || !e.Time.Equal(end) {
		t.Errorf("event: %s", got[0].body)
	}
	mac := hmac.New(sha256.New, []byte("s3cret"))
	mac.Write([]byte(got[0].body))
	h := got[0].header
	if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); h.Get("X-Hub-Signature-256") != want {
		t.Errorf("signature %q, want %q", h.Get("X-Hub-Signature-256"), want)
	}
	if h.Get("X-Mirrorctl-Event") != "build.failed" || h.Get("X-Mirrorctl-Delivery") != e.Delivery || h.Get("Content-Type") != "application/json" {
		t.Errorf("header: %v", h)
	}
	text := people.wait(t, 1)[0]
	want := "adrian/criu: criu 4.2.1-1 failed (build 2)\nepel-9-x86_64: failed: gate criu: dump failed\nhttps://hub.example.org/api_3/build/2\n"
	if text.body != want || text.header.Get("X-Hub-Signature-256") != "" {
		t.Errorf("text: %q, want %q; header %v", text.body, want, text.header)
	}
}

// A receiver that refuses, redirects, breaks off and fails gets the event in the end, always as the same delivery; one
// that comes after it is not held up for ever.
func TestRetry(t *testing.T) {
	v := receive(t, 500, 302, 0, 404, 429)
	r := &records{}
	n, _ := run(t, options(t, t.TempDir(), r, Hook{URL: v.URL, Events: both}))
	r.put(1, copr.Succeeded, time.Now().Add(time.Second))
	got := v.wait(t, 7) // the redirect is followed by a GET, which counts for nothing
	ids := map[string]bool{}
	for _, d := range got {
		if d.body != "" {
			ids[d.header.Get("X-Mirrorctl-Delivery")] = true
		}
	}
	if c := n.Counts(); len(ids) != 1 || c != (Counts{Delivered: 1, Failed: 5}) {
		t.Errorf("deliveries %v, counts %+v", ids, c)
	}
}

// A restart loses nothing, and repeats nothing that was delivered: neither what waited, nor what ended while nobody ran.
func TestRestart(t *testing.T) {
	v := receive(t)
	v.status = []int{503, 503, 503, 503, 503, 503, 503, 503, 503, 503, 503, 503}
	dir, r := filepath.Join(t.TempDir(), "webhooks"), &records{}
	hook := Hook{URL: v.URL, Events: both}
	_, stop := run(t, options(t, dir, r, hook))
	at := time.Now().Add(time.Second)
	r.put(1, copr.Succeeded, at)
	for len(v.all()) == 0 {
		time.Sleep(time.Millisecond)
	}
	stop()
	v.mu.Lock()
	v.status, v.got = nil, nil
	v.mu.Unlock()
	r.put(2, copr.Failed, at.Add(time.Second))
	_, stop = run(t, options(t, dir, r, hook))
	for i, d := range v.wait(t, 2) {
		if !strings.Contains(d.body, fmt.Sprintf(`"build":%d,`, i+1)) {
			t.Errorf("%d: %s", i, d.body)
		}
	}
	stop()
	_, stop = run(t, options(t, dir, r, hook))
	v.wait(t, 2)
	r.put(1, copr.Running, time.Time{}) // retried
	r.put(1, copr.Succeeded, at.Add(time.Minute))
	v.wait(t, 3)
	stop()
	// Without webhooks all is forgotten; one that comes later is not told of what was.
	n, err := Open(options(t, dir, r))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("left: %v", err)
	}
	if c := n.Counts(); c != (Counts{}) {
		t.Errorf("%+v", c)
	}
}

// What waits is bounded: the oldest makes room. An address of the neighbours is not spoken to.
func TestBounds(t *testing.T) {
	v := receive(t)
	r := &records{}
	o := options(t, t.TempDir(), r, Hook{URL: v.URL, Events: both})
	o.Client, o.Retry, o.Waiting = egress.New(egress.Policy{}), time.Hour, 20
	n, _ := run(t, o)
	at := time.Now().Add(time.Second)
	for id := range uint64(25) {
		r.put(id+1, copr.Succeeded, at.Add(time.Duration(id)))
	}
	want := Counts{Failed: 1, Dropped: 5, Waiting: 20}
	for end := time.Now().Add(10 * time.Second); n.Counts() != want; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%+v, want %+v", n.Counts(), want)
		}
	}
	if len(v.all()) != 0 {
		t.Errorf("%d arrived", len(v.all()))
	}
	files, _ := filepath.Glob(filepath.Join(o.Dir, "0*.json"))
	if len(files) != 20 {
		t.Errorf("%d files wait", len(files))
	}
}

// However many builds there were, what is remembered is bounded, and none of them is news again.
func TestToldIsBounded(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	told := &told{Since: at.Add(-time.Second)}
	build := func(id int) *copr.Build {
		ended := at.Add(time.Duration(id) * time.Second)
		return &copr.Build{ID: uint64(id), State: copr.Succeeded, Ended: &ended}
	}
	for id := range 3 * maxRecent {
		if !told.isNews(build(id)) {
			t.Fatalf("build %d is no news", id)
		}
		told.note(build(id))
	}
	for id := range 3 * maxRecent {
		if told.isNews(build(id)) {
			t.Fatalf("build %d is news again", id)
		}
	}
	if len(told.Recent) != maxRecent {
		t.Errorf("%d are remembered", len(told.Recent))
	}
}

func FuzzTold(f *testing.F) {
	f.Add([]byte(`{"format":1,"since":"2026-11-21T00:00:00Z","recent":[{"build":1,"ended":"2026-11-21T00:00:01Z"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		told, err := parseTold(raw)
		if err != nil {
			return
		}
		now := time.Unix(1_900_000_000, 0)
		told.isNews(&copr.Build{ID: 1, State: copr.Failed, Ended: &now})
	})
}
