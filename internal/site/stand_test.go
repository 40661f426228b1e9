package site_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mirrorctl/archive"
	"mirrorctl/archive/dirstore"
	"mirrorctl/internal/config"
	"mirrorctl/internal/demo"
	"mirrorctl/internal/metric"
	"mirrorctl/internal/site"
	"mirrorctl/internal/web"
	"mirrorctl/mirror"
)

// pattern is a site with one release that lives and one that ended, made once and copied by each test.
var pattern string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "mirrorctl-site-")
	if err == nil {
		pattern = filepath.Join(dir, "demo")
		_, err = demo.Make(context.Background(), pattern, demo.Options{Releases: []string{"el-10", "el-5"}})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

var (
	el5  = mirror.Release{Product: "el", Version: "5"}
	el10 = mirror.Release{Product: "el", Version: "10"}
)

// Where things lie in the pattern.
const (
	repo10 = "free/el/updates/10/x86_64"
	repo5  = "free/el/updates/5/x86_64"
)

// stand is a site behind a real listener.
type stand struct {
	t                  testing.TB
	root, store, state string
	url                string // with a trailing slash
	cfg                *config.Config
	site               *site.Site
	metrics            *metric.Set
	log                *syncBuffer
	stop               func()
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// copyRoot copies the pattern's trees, times included.
func copyRoot(t testing.TB, to string) {
	t.Helper()
	from := filepath.Join(pattern, "pub")
	err := filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		return os.Link(name, filepath.Join(to, rel)) // no test writes into a file
	})
	if err != nil {
		t.Fatal(err)
	}
}

// prepare makes a stand that is not open yet. change may be nil.
func prepare(t testing.TB, change func(*stand)) *stand {
	t.Helper()
	s, err := tryOpen(t, change)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// tryOpen is prepare where the site may not open.
func tryOpen(t testing.TB, change func(*stand)) (*stand, error) {
	t.Helper()
	dir := t.TempDir()
	s := &stand{
		t: t, root: filepath.Join(dir, "pub"), store: filepath.Join(dir, "archive"), state: filepath.Join(dir, "state"),
		metrics: metric.New("test", "none"), log: &syncBuffer{}, cfg: config.Default(),
	}
	copyRoot(t, s.root)
	for _, d := range []string{s.store, s.state} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s.cfg.State, s.cfg.Archive.Store, s.cfg.Layout.Name = s.state, s.store, "rpmfusion"
	s.cfg.Metadata.Refresh = config.Duration(50 * time.Millisecond)
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	s.url = server.URL + "/"
	if change != nil {
		change(s)
	}
	public := s.url
	if !s.cfg.PublicURL.IsZero() {
		public = ""
	}
	if err := s.cfg.Override(s.root, "", "", public); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	edge := web.NewEdge(s.metrics, log, nil, s.cfg.TrustedProxies)
	var err error
	if s.site, err = site.Open(t.Context(), s.cfg, "test", log, s.metrics, edge); err != nil {
		return nil, err
	}
	lists, status, files := edge.Wrap(s.site.Lists), edge.Wrap(s.site.StatusPage), edge.Wrap(s.site.Files)
	handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/mirrorlist", "/metalink":
			lists.ServeHTTP(w, r)
		case "/status", "/status.json":
			status.ServeHTTP(w, r)
		default:
			files.ServeHTTP(w, r)
		}
	})
	s.stop = sync.OnceFunc(func() {
		if err := s.site.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { server.Close(); s.stop() })
	return s, nil
}

// start is prepare, and the site's loops at work.
func start(t testing.TB, change func(*stand)) *stand {
	t.Helper()
	s := prepare(t, change)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.site.Run(ctx) }()
	closeSite := s.stop
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		closeSite()
	})
	t.Cleanup(s.stop)
	s.eventually("the site is ready", func() bool { return s.site.Ready() == nil })
	return s
}

// eventually waits for what is due within a second or so.
func (s *stand) eventually(what string, ok func() bool) time.Duration {
	s.t.Helper()
	begin := time.Now()
	for !ok() {
		if time.Since(begin) > 10*time.Second {
			s.t.Fatalf("%s: not within 10 s\n%s", what, s.log)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(begin)
}

// client follows no redirects and undoes no compression.
var client = &http.Client{
	Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 16},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

type answer struct {
	*http.Response
	body string
}

// ask sends one request; header holds names and values in turn, "Host" among them.
func (s *stand) ask(method, path string, header ...string) answer {
	s.t.Helper()
	r, err := http.NewRequest(method, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	res, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{res, string(body)}
}

func (s *stand) get(path string, header ...string) answer {
	s.t.Helper()
	return s.ask("GET", path, header...)
}

func (s *stand) read(path string) string {
	s.t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.root, path))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(raw)
}

// in finds the one file below dir whose name contains part.
func (s *stand) in(dir, part string) string {
	s.t.Helper()
	found, err := filepath.Glob(filepath.Join(s.root, dir, "*"+part+"*"))
	if err != nil || len(found) == 0 {
		s.t.Fatalf("nothing like %q in %s (%v)", part, dir, err)
	}
	return dir + "/" + filepath.Base(found[0])
}

// swap writes the state document as an operator's program would.
func (s *stand) swap(r mirror.Release, rec *mirror.Record) {
	s.t.Helper()
	state, err := mirror.OpenFileState(s.state)
	if err != nil {
		s.t.Fatal(err)
	}
	defer state.Close()
	for {
		doc, err := state.Load(context.Background())
		if err != nil {
			s.t.Fatal(err)
		}
		if err := state.Swap(context.Background(), doc.With(r, rec)); err == nil {
			return
		} else if !errors.Is(err, mirror.ErrConflict) {
			s.t.Fatal(err)
		}
	}
}

// record is what the document says of a release in a state.
func (s *stand) record(r mirror.Release, state mirror.State) *mirror.Record {
	s.t.Helper()
	target, err := s.site.View().Target(r)
	if err != nil {
		s.t.Fatal(err)
	}
	return &mirror.Record{State: state, Since: time.Now().UTC(), Job: "el-5-1", Trees: target.Trees, Repositories: target.Repositories}
}

// archive runs a real job.
func (s *stand) archive(r mirror.Release) archive.Result {
	s.t.Helper()
	store, err := dirstore.Open(s.store, dirstore.Hardlink)
	if err != nil {
		s.t.Fatal(err)
	}
	defer store.Close()
	state, err := mirror.OpenFileState(s.state)
	if err != nil {
		s.t.Fatal(err)
	}
	defer state.Close()
	a, err := archive.Open(archive.Site{Root: s.root, Dir: s.state, Store: store, State: state, Followers: state})
	if err != nil {
		s.t.Fatal(err)
	}
	defer a.Close()
	target, err := s.site.View().Target(r)
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := a.Archive(context.Background(), target, archive.Options{EOL: true, SkipProbe: true})
	if err != nil {
		s.t.Fatal(err)
	}
	return res
}

// copyToStore puts a release's trees into the archive without any job.
func (s *stand) copyToStore(r mirror.Release) {
	s.t.Helper()
	target, err := s.site.View().Target(r)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, tree := range target.Trees {
		if err := os.CopyFS(filepath.Join(s.store, string(tree)), os.DirFS(filepath.Join(s.root, string(tree)))); err != nil {
			s.t.Fatal(err)
		}
	}
}

// scrape is what Prometheus would be given.
func (s *stand) scrape() string {
	s.t.Helper()
	var b bytes.Buffer
	if err := s.metrics.WritePrometheus(&b); err != nil {
		s.t.Fatal(err)
	}
	return b.String()
}

func (s *stand) list(release string) string {
	s.t.Helper()
	body := s.get("mirrorlist?repo=free-el-updates-released-" + release + "&arch=x86_64").body
	return strings.TrimSpace(body[strings.LastIndexByte(strings.TrimSpace(body), '\n')+1:])
}
