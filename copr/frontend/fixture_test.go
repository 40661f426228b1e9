package frontend_test

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/frontend"
	"mirrorctl/internal/metric"
	"mirrorctl/internal/web"
	"mirrorctl/mirror"
)

var (
	criu     = copr.ProjectName{Owner: "adrian", Name: "criu"}
	began    = time.Unix(1_700_000_000, 0)
	projects = []copr.Project{
		{
			Name: criu, Description: "newest CRIU", Instructions: "dnf install criu", ModuleHotfixes: true, RepoGPGCheck: true,
			Chroots:  chroots("epel-8-x86_64", "epel-9-*", "fedora-44-*", "fedora-rawhide-x86_64", "epel-10-aarch64"),
			Packages: []copr.Package{{Name: "criu", Version: "4.2.1", Watch: copr.Watch{GitHub: "checkpoint-restore/criu"}}},
		},
		{Name: copr.ProjectName{Owner: "@virt", Name: "tools"}, Chroots: chroots("fedora-44-x86_64"), Packages: []copr.Package{{Name: "tool"}}},
	}
)

func chroots(patterns ...string) []copr.Chroot {
	all, err := copr.ExpandChroots(patterns)
	if err != nil {
		panic(err)
	}
	return all
}

// desk takes orders and keeps records in memory.
type desk struct {
	mu     sync.Mutex
	builds []*copr.Build // oldest first
}

func (d *desk) Projects() []copr.Project { return projects }

func (d *desk) Submit(_ context.Context, o copr.Order) (copr.Build, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if o.Version == "0" {
		return copr.Build{}, fmt.Errorf("%w: there is no version 0", copr.ErrRefused)
	}
	b := &copr.Build{
		ID: uint64(len(d.builds) + 1), Project: o.Project, Package: o.Package, Version: o.Version, State: copr.Importing, Channel: o.Channel,
		Background: o.Background, Submitter: o.Submitter, Submitted: began,
	}
	if b.Channel == "" {
		b.Channel = copr.Testing
	}
	if o.SRPM != "" {
		b.Sources = []copr.Source{{URL: o.SRPM}}
	}
	for _, c := range o.Chroots {
		b.Chroots = append(b.Chroots, copr.BuildChroot{Chroot: c, State: copr.Importing})
	}
	d.builds = append(d.builds, b)
	return *b, nil
}

func (d *desk) Cancel(_ context.Context, id uint64, who string) (copr.Build, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	b := d.builds[id-1]
	if b.State.Ended() {
		return copr.Build{}, fmt.Errorf("%w: it has ended", copr.ErrRefused)
	}
	b.State, b.Reason = copr.Canceled, "canceled by "+who
	return *b, nil
}

func (d *desk) Get(_ context.Context, id uint64) (copr.Build, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if id == 0 || id > uint64(len(d.builds)) {
		return copr.Build{}, fmt.Errorf("build %d: %w", id, fs.ErrNotExist)
	}
	return *d.builds[id-1], nil
}

func (d *desk) List(q copr.Query) (found []*copr.Build) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, b := range slices.Backward(d.builds) {
		if (q.Project == copr.ProjectName{} || q.Project == b.Project) && (q.Package == "" || q.Package == b.Package) && (q.State == "" || q.State == b.State) &&
			(q.Limit == 0 || len(found) < q.Limit) {
			found = append(found, b)
		}
	}
	return found
}

// one token: login "me", secret "secret", for adrian/criu.
type tokens struct{}

func (tokens) Check(login, secret, scope string, p copr.ProjectName) (string, error) {
	if scope == frontend.ScopeWebhook && login == "" && secret == "hook" && p == criu {
		return "webhook", nil
	}
	if login != "me" || secret != "secret" || scope != frontend.ScopeBuild || p != criu && p != (copr.ProjectName{}) {
		return "", fs.ErrPermission
	}
	return "adrian", nil
}

type uploads struct{ kept map[string]string }

func (u uploads) Keep(_ context.Context, name string, r io.Reader) (string, error) {
	raw, err := io.ReadAll(r)
	u.kept[name] = string(raw)
	return "file:///uploads/" + name, err
}

// trees is a catalog: what the layout makes of some directories.
type trees struct{ catalog *mirror.Catalog }

func (t trees) Catalog() *mirror.Catalog { return t.catalog }

func catalog(t testing.TB, archived []string, dirs ...string) trees {
	t.Helper()
	l, err := mirror.BuiltinLayout("copr")
	if err != nil {
		t.Fatal(err)
	}
	doc := &mirror.Document{Releases: map[mirror.Release]*mirror.Record{}}
	var found []mirror.Repository
	repo := func(dir string) mirror.Repository {
		place, ok := l.Place(mirror.Path(dir))
		if !ok {
			t.Fatalf("no tree: %s", dir)
		}
		return mirror.Repository{RepoID: place.Repo, Dir: place.RepoDir, Release: place.Release}
	}
	for _, dir := range dirs {
		found = append(found, repo(dir))
	}
	for _, dir := range archived {
		r := repo(dir)
		doc.Releases[r.Release] = &mirror.Record{State: mirror.Pruned, Trees: []mirror.Path{r.Dir}, Repositories: []mirror.Repository{r}}
	}
	return trees{mirror.NewCatalog(l, doc, found)}
}

// hub is a running server of a frontend and of files.
type hub struct {
	*frontend.Frontend
	desk    *desk
	uploads uploads
	url     string
}

func serve(t testing.TB, files http.Handler, tr frontend.Trees) hub {
	t.Helper()
	h := hub{desk: &desk{}, uploads: uploads{map[string]string{}}}
	edge := web.NewEdge(metric.New("test", ""), slog.New(slog.DiscardHandler), nil, nil)
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	h.url = server.URL
	public, err := url.Parse(server.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	h.Frontend = frontend.New(frontend.Options{PublicURL: public, Hub: h.desk, Ledger: h.desk, Trees: tr, Tokens: tokens{}, Uploads: h.uploads})
	for _, prefix := range frontend.Prefixes {
		mux.Handle(prefix, edge.Wrap(h.Serve))
	}
	mux.Handle("/results/", edge.Wrap(h.Results(func(w http.ResponseWriter, r *http.Request) error {
		files.ServeHTTP(w, r)
		return nil
	})))
	return h
}

func (h hub) ask(t testing.TB, method, path, body string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, h.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(raw)
}
