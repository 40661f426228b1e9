package redirect_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mirrorctl/mirror"
	"mirrorctl/redirect"
)

// now is the clock of every test site.
var now = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

// site is a small RPM Fusion: fedora-43 and el-9 are active, fedora-25 is archived, fedora-10
// pruned, el-5 on its way back.
type site struct {
	public, archive string // default: dl.example.org, archive.example.org
	options         redirect.Options
	metadata        redirect.Metadata // default: sums
}

var repositories = []struct{ name, arch, dir, release string }{
	{"free-fedora-43", "x86_64", "free/fedora/releases/43/Everything/x86_64/os", "fedora-43"},
	{"free-fedora-source-43", "source", "free/fedora/releases/43/Everything/source/SRPMS", "fedora-43"},
	{"free-fedora-updates-released-43", "x86_64", "free/fedora/updates/43/x86_64", "fedora-43"},
	{"nonfree-fedora-43", "x86_64", "nonfree/fedora/releases/43/Everything/x86_64/os", "fedora-43"},
	{"free-el-updates-released-9", "x86_64", "free/el/updates/9/x86_64", "el-9"},
	{"free-fedora-25", "x86_64", "free/fedora/releases/25/Everything/x86_64/os", "fedora-25"},
	{"free-fedora-25", "i386", "free/fedora/releases/25/Everything/i386/os", "fedora-25"},
	{"free-fedora-updates-released-25", "x86_64", "free/fedora/updates/25/x86_64", "fedora-25"},
	{"free-fedora-updates-released-10", "i386", "free/fedora/updates/10/i386", "fedora-10"},
	{"free-el-updates-released-5", "i386", "free/el/updates/5/i386", "el-5"},
}

func (s site) snapshot(t testing.TB) *redirect.Snapshot {
	t.Helper()
	layout, err := mirror.BuiltinLayout("rpmfusion")
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]mirror.State{"fedora-25": mirror.Archived, "fedora-10": mirror.Pruned, "el-5": mirror.Restoring}
	records := map[mirror.Release]*mirror.Record{}
	var found []mirror.Repository
	for _, r := range repositories {
		release, err := mirror.ParseRelease(r.release)
		if err != nil {
			t.Fatal(err)
		}
		repo := mirror.Repository{RepoID: mirror.RepoID{Name: r.name, Arch: r.arch}, Dir: mirror.Path(r.dir), Release: release}
		state := states[r.release]
		if state != mirror.Pruned {
			found = append(found, repo)
		}
		if state != "" {
			if records[release] == nil {
				records[release] = &mirror.Record{State: state}
			}
			rec := records[release]
			rec.Repositories = append(rec.Repositories, repo)
			place, ok := layout.Place(repo.Dir)
			if !ok {
				t.Fatalf("the layout knows no %q", repo.Dir)
			}
			rec.Trees = append(rec.Trees, place.Tree)
		}
	}
	var doc *mirror.Document
	for release, rec := range records {
		doc = doc.With(release, rec)
	}
	if s.public == "" {
		s.public, s.archive = "https://dl.example.org/", "https://archive.example.org/"
	}
	if s.metadata == nil {
		s.metadata = sums{}
	}
	if s.options.Now == nil {
		s.options.Now = func() time.Time { return now }
	}
	return redirect.NewSnapshot(layout, mirror.NewCatalog(layout, doc, found), targets(t, s.public, s.archive), s.metadata, s.options)
}

// The sums of design and sample: two generations of one repomd.xml.
var (
	newest = redirect.Generation{File: redirect.File{
		Timestamp: 1795248000 - 3600, Size: 3060, MD5: "daca9632030faa49141e667f8d306cbc", SHA1: "8f6ad32f936044d22144a343f4bf2f7826bd5513",
		SHA256: "9d6e45d2479391fb7bbee98e6f96985712892ad903ded692dd6f5cefbf86c46a",
		SHA512: "2b6354f42ee261f84d7927ad3dd7b19db52f8daae90de3c5693e05ea58e88eb1462fb2c183c0eb7272ddeb9c22cb52d095e61c5b2b6fa31745e0d62a54404142",
	}}
	before = redirect.Generation{File: redirect.File{
		Timestamp: 1795248000 - 7200, Size: 3069, MD5: "43bc9eef7773b7b3019575829891099a", SHA1: "3810f82fed9c86ba5bbb43ff1f82ae5e989fd7d3",
		SHA256: "7a09cbfbde214b673e65628a9ec7efd56d2d18c58b369e15801a265214058378",
		SHA512: "a296c1b5b3953a11778d47787e8fb29c69d4a4f8dc500e5385ea64a7cdb5ff49e6f5c1236040f30c2dbd20bb04be5d4a68d23411096f3ff5fffd3c29dc91fdbb",
	}}
)

// sums is the Metadata of the site: it knows every repository's generations, but those of
// nonfree, each in the one place that answers for it.
type sums struct{}

func (sums) Generations(dir mirror.Path, archive bool) []redirect.Generation {
	for _, r := range repositories {
		old := r.release == "fedora-25" || r.release == "fedora-10" || r.release == "el-5"
		if mirror.Path(r.dir) == dir && old == archive && !strings.HasPrefix(r.name, "nonfree") {
			return []redirect.Generation{newest, before}
		}
	}
	return nil
}

func (sums) Entry(p mirror.Path, archive bool) (redirect.Entry, bool) {
	switch p {
	case "", "free/fedora/updates/43", "free/fedora/releases/43/Everything/x86_64/os":
		return redirect.Entry{Dir: true}, !archive
	case "free/fedora/updates/25/x86_64":
		return redirect.Entry{Dir: true}, archive
	case "free/fedora/updates/43/x86_64/repodata/repomd.xml":
		return redirect.Entry{}, !archive
	case "free/fedora/releases/43/a&b <c>.iso":
		return redirect.Entry{File: redirect.File{Size: 7, SHA256: newest.SHA256}}, !archive
	case "free/fedora/releases/25/x++.iso":
		return redirect.Entry{File: redirect.File{Size: 7, SHA256: newest.SHA256}}, archive
	case "free/README":
		return redirect.Entry{}, !archive
	}
	return redirect.Entry{}, false
}

var (
	byHTTP  = redirect.Client{Addr: netip.MustParseAddr("192.0.2.7")}
	byHTTPS = redirect.Client{Addr: netip.MustParseAddr("192.0.2.7"), Scheme: redirect.HTTPS}
)

// proto is a ClientOf for tests: the scheme is what X-Forwarded-Proto says.
func proto(r *http.Request) redirect.Client {
	if r.Header.Get("X-Forwarded-Proto") == "https" {
		return byHTTPS
	}
	return byHTTP
}

// ServeHTTP of front is as much of a server as the scripts need: the lists, and Decide for
// everything else. What the root would serve is answered 204.
type front struct {
	lists    redirect.Lists
	snapshot *redirect.Snapshot
}

func newFront(s *redirect.Snapshot) front {
	return front{redirect.Lists{Snapshot: func() *redirect.Snapshot { return s }, ClientOf: proto}, s}
}

func (f front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := f.lists.Answer(r)
	if a.Outcome != redirect.OutcomeNotList || strings.HasPrefix(r.URL.Path, "/m") {
		a.ServeHTTP(w, r)
		return
	}
	p, err := mirror.ParsePath(r.URL.Path)
	if err != nil {
		http.Error(w, "bad path", http.StatusBadRequest)
		return
	}
	d := redirect.Decide(f.snapshot.Targets(), redirect.Request{
		Path: p, Slash: strings.HasSuffix(r.URL.Path, "/"), Found: f.snapshot.Catalog().Resolve(p), Scheme: proto(r).Scheme,
	})
	switch d.Action {
	case redirect.Redirect:
		w.Header().Set("Location", d.Location)
		w.Header().Set("Cache-Control", d.CacheControl)
		w.WriteHeader(http.StatusFound)
	case redirect.NotFound:
		w.WriteHeader(http.StatusNotFound)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}
