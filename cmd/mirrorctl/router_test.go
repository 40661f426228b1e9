package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"mirrorctl/internal/config"
	"mirrorctl/internal/metric"
	"mirrorctl/internal/site"
	"mirrorctl/internal/web"
	"mirrorctl/mirror"
)

// routed is the whole of a service but for its sockets: el-10 is active, el-5 is archived.
func routed(t testing.TB) http.Handler {
	t.Helper()
	s := smallSite(t)
	cfg, err := config.Load(s.Config, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.Override("", "", "", "http://dl.example/"); err != nil {
		t.Fatal(err)
	}
	state, err := mirror.OpenFileState(cfg.State)
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	old := mirror.Release{Product: "el", Version: "5"}
	doc := (&mirror.Document{Format: mirror.DocumentFormat}).With(old, &mirror.Record{State: mirror.Archived, Job: "j", Trees: []mirror.Path{"free/el/updates/5"}})
	if err := state.Swap(t.Context(), doc); err != nil {
		t.Fatal(err)
	}
	log, metrics := slog.New(slog.DiscardHandler), metric.New("test", "none")
	edge := web.NewEdge(metrics, log, nil, nil)
	open, err := site.Open(t.Context(), cfg, "test", log, metrics, edge)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- open.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
		open.Close()
	})
	for end := time.Now().Add(20 * time.Second); open.Ready() != nil; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not ready")
		}
	}
	return router(open, nil, edge, open.Ready)
}

// discard is a ResponseWriter that keeps nothing and allocates nothing.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }

// hot are the requests that make up nearly all of the load, and what each may allocate: the edge's notes, and for a
// redirect its Location.
var hot = []struct {
	name, path string
	status     int
	allocs     float64
}{
	{"metadata in memory", "/free/el/updates/10/x86_64/repodata/repomd.xml", 200, 1},
	{"redirect", "/free/el/updates/5/x86_64/repodata/repomd.xml", 302, 4},
}

func TestHotRequestsAllocateLittle(t *testing.T) {
	h := routed(t)
	for _, tt := range hot {
		r := httptest.NewRequest("GET", tt.path, nil)
		w := &discard{header: http.Header{}}
		allocs := testing.AllocsPerRun(1000, func() {
			clear(w.header)
			h.ServeHTTP(w, r)
		})
		if w.status != tt.status || allocs > tt.allocs {
			t.Errorf("%s: status %d, %.0f allocations; want %d, at most %.0f", tt.name, w.status, allocs, tt.status, tt.allocs)
		}
	}
}

func BenchmarkHot(b *testing.B) {
	h := routed(b)
	for _, tt := range hot {
		b.Run(tt.name, func(b *testing.B) {
			r := httptest.NewRequest("GET", tt.path, nil)
			w := &discard{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				h.ServeHTTP(w, r)
			}
		})
	}
}
