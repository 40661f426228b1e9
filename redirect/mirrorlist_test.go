package redirect_test

import (
	"cmp"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrorctl/mirror"
	"mirrorctl/redirect"
)

const available = `error: invalid repo or arch
# following repositories are available:
# repo=free-el-updates-released-5&arch=i386
# repo=free-el-updates-released-9&arch=x86_64
# repo=free-fedora-25&arch=i386
# repo=free-fedora-25&arch=x86_64
# repo=free-fedora-43&arch=x86_64
# repo=free-fedora-source-43&arch=source
# repo=free-fedora-updates-released-10&arch=i386
# repo=free-fedora-updates-released-25&arch=x86_64
# repo=free-fedora-updates-released-43&arch=x86_64
# repo=nonfree-fedora-43&arch=x86_64
`

func TestMirrorlist(t *testing.T) {
	const (
		os43 = "free/fedora/releases/43/Everything/x86_64/os/"
		os25 = "free/fedora/releases/25/Everything/x86_64/os/"
		f43  = "repo=free-fedora-43&arch=x86_64"
		f25  = "repo=free-fedora-25&arch=x86_64"
	)
	tests := []struct {
		name, query string
		client      redirect.Client
		status      int // 0: 200
		body        string
		outcome     string
	}{
		{"active, by https", f43, byHTTPS, 0, "# repo = free-fedora-43 arch = x86_64 country = global \nhttps://dl.example.org/" + os43 + "\n", "active"},
		{"active, by http", f43, byHTTP, 0, "# repo = free-fedora-43 arch = x86_64 country = global \nhttp://dl.example.org/" + os43 + "\n", "active"},
		{"archived, by https", f25, byHTTPS, 0, "# repo = free-fedora-25 arch = x86_64 country = global \nhttps://archive.example.org/" + os25 + "\n", "archived"},
		{"archived, by http", f25, byHTTP, 0, "# repo = free-fedora-25 arch = x86_64 country = global \nhttp://archive.example.org/" + os25 + "\n", "archived"},
		{
			"pruned", "repo=free-fedora-updates-released-10&arch=i386", byHTTP, 0,
			"# repo = free-fedora-updates-released-10 arch = i386 country = global \nhttp://archive.example.org/free/fedora/updates/10/i386/\n", "archived",
		}, {
			"on its way back", "repo=free-el-updates-released-5&arch=i386", byHTTP, 0,
			"# repo = free-el-updates-released-5 arch = i386 country = global \nhttp://archive.example.org/free/el/updates/5/i386/\n", "archived",
		}, {
			"escaped query", "repo=free%2Dfedora%2d25&arch=x86%5F64", byHTTP, 0,
			"# repo = free-fedora-25 arch = x86_64 country = global \nhttp://archive.example.org/" + os25 + "\n", "archived",
		}, {
			"a source repository by $basearch", "repo=free-fedora-source-43&arch=x86_64", byHTTPS, 0,
			"# repo = free-fedora-source-43 arch = source country = global \nhttps://dl.example.org/free/fedora/releases/43/Everything/source/SRPMS/\n", "active",
		}, {
			"what dnf leaves of unset variables", f43 + "&infra=$infra&content=$contentdir&countme=2", byHTTPS, 0,
			"# repo = free-fedora-43 arch = x86_64 country = global \nhttps://dl.example.org/" + os43 + "\n", "active",
		}, {
			"9Server is 9", "repo=free-el-updates-released-9Server&arch=x86_64", byHTTPS, 0,
			"# repo = free-el-updates-released-9 arch = x86_64 country = global \nhttps://dl.example.org/free/el/updates/9/x86_64/\n", "active",
		}, {
			"9.6 is 9", "repo=free-el-updates-released-9.6&arch=x86_64", byHTTPS, 0,
			"# repo = free-el-updates-released-9 arch = x86_64 country = global \nhttps://dl.example.org/free/el/updates/9/x86_64/\n", "active",
		}, {
			// An answer other than 200 would cost twelve requests.
			"7Server of a tree that is not here", "repo=free-el-updates-released-7Server&arch=x86_64", byHTTPS, 0,
			"# repo = free-el-updates-released-7Server arch = x86_64 " + available, "unknown_repo",
		}, {
			"$releasever left literal", "repo=free-fedora-$releasever&arch=x86_64", byHTTPS, 0,
			"# repo = free-fedora-$releasever arch = x86_64 " + available, "unknown_repo",
		}, {
			// Undecoded, this is mirrorlist-server's answer; decoded, it would be a line with a URL.
			"a line feed in a name", "repo=x%0Ahttp://evil.example/&arch=<b>", byHTTPS, 0,
			"# repo = x%0Ahttp://evil.example/ arch = %3Cb%3E " + available, "unknown_repo",
		},
		{
			"a source repository that is not known", "repo=no-source-repo&arch=x86_64", byHTTPS, 0,
			"# repo = no-source-repo arch = source " + available, "unknown_repo",
		}, {
			"a line feed in a protocol", f43 + "&protocol=%0Ahttp://evil.example/", byHTTPS, 0,
			"# repo = free-fedora-43 arch = x86_64 country = global protocol = %0Ahttp://evil.example/\nhttps://dl.example.org/" + os43 + "\n", "active",
		},
		{"no parameter", "", byHTTPS, 0, "# either path=, or repo= and arch= must be specified", "missing_parameter"},
		{"arch missing", "repo=free-fedora-43", byHTTPS, 0, "# either path=, or repo= and arch= must be specified", "missing_parameter"},
		{"disabled", "repo=free-fedora-updates-released-43&arch=x86_64", byHTTPS, 0, "repo disabled", "disabled"},
		{"disabled, and of no arch that exists", "repo=free-fedora-updates-released-43&arch=vax", byHTTPS, 0, "repo disabled", "disabled"},
		{"ip is none", f43 + "&ip=localhost", byHTTPS, 400, "Cannot parse client IP address. Aborting.", "bad_ip"},
		{"ip is none, but the repository is not known either", "repo=x&arch=y&ip=localhost", byHTTPS, 0, "# repo = x arch = y " + available, "unknown_repo"},
		{
			"protocol", f43 + "&protocol=https%2Chttp", byHTTPS, 0,
			"# repo = free-fedora-43 arch = x86_64 country = global protocol = https,http\nhttps://dl.example.org/" + os43 + "\n", "active",
		}, {
			"a protocol that nobody speaks", f43 + "&protocol=rsync", byHTTPS, 0,
			"# repo = free-fedora-43 arch = x86_64 country = global protocol = rsync\nhttps://dl.example.org/" + os43 + "\n", "active",
		}, {
			"the configured scheme, asked for by name", f43 + "&protocol=https", byHTTP, 0,
			"# repo = free-fedora-43 arch = x86_64 country = global protocol = https\nhttps://dl.example.org/" + os43 + "\n", "active",
		}, {
			"time", f43 + "&time", byHTTPS, 0,
			"# repo = free-fedora-43 arch = x86_64 country = global \n# database creation time: 1795248000\nhttps://dl.example.org/" + os43 + "\n", "active",
		}, {
			"path, a directory", "path=/free/fedora//releases/43/Everything/x86_64/os/", byHTTPS, 0,
			"# path = free/fedora/releases/43/Everything/x86_64/os country = global \nhttps://dl.example.org/" + os43 + "\n", "active",
		}, {
			"path, the root", "path=/", byHTTPS, 0, "# path =  country = global \nhttps://dl.example.org/\n", "active",
		}, {
			"path wins over repo", f43 + "&path=free/fedora/updates/25/x86_64", byHTTP, 0,
			"# path = free/fedora/updates/25/x86_64 country = global \nhttp://archive.example.org/free/fedora/updates/25/x86_64/\n", "archived",
		}, {
			"path, a file of an archived release", "path=free/fedora/releases/25/x%2b%2B.iso", byHTTP, 0,
			"# path = free/fedora/releases/25/x++.iso country = global \nhttp://archive.example.org/free/fedora/releases/25/x%2B%2B.iso\n", "archived",
		}, {
			"path, a file below no tree", "path=free/README", byHTTPS, 0,
			"# path = free/README country = global \nhttps://dl.example.org/free/README\n", "active",
		},
		{"path unknown", "path=free/nothing", byHTTPS, 404, "error: invalid path", "unknown_path"},
		{"path leaves the root", "path=free/../../etc/passwd", byHTTPS, 404, "error: invalid path", "unknown_path"},
		{"path with a line feed", "path=free%0Ahttp://evil.example/", byHTTPS, 404, "error: invalid path", "unknown_path"},
		{"path of our own", "path=.mirrorctl-trash", byHTTPS, 404, "error: invalid path", "unknown_path"},
	}
	s := site{options: redirect.Options{Disabled: map[string]bool{"free-fedora-updates-released-43": true}}}.snapshot(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := redirect.Mirrorlist(s, redirect.ParseQuery(tt.query), tt.client)
			if want := cmp.Or(tt.status, 200); a.Status != want {
				t.Errorf("status %d, want %d", a.Status, want)
			}
			if string(a.Body) != tt.body {
				t.Errorf("body\n%q, want\n%q", a.Body, tt.body)
			}
			if a.Outcome.String() != tt.outcome || a.Kind != mirror.KindMirrorlist {
				t.Errorf("outcome %s, kind %s", a.Outcome, a.Kind)
			}
			// Errors carry no type, lists do.
			if listed := tt.outcome == "active" || tt.outcome == "archived"; (a.ContentType == "text/plain") != listed {
				t.Errorf("Content-Type %q of %s", a.ContentType, tt.outcome)
			}
		})
	}
}

func TestMirrorlistRedirect(t *testing.T) {
	s := site{}.snapshot(t)
	none := site{options: redirect.Options{Selector: hosts{List: []redirect.Host{{URLs: []string{"rsync://h.example/"}}}}}}.snapshot(t)
	tests := []struct {
		name, query string
		snapshot    *redirect.Snapshot
		status      int
		location    string
		outcome     string
	}{
		{"active", "repo=free-fedora-43&arch=x86_64&redirect=1", s, 302, "http://dl.example.org/free/fedora/releases/43/Everything/x86_64/os/", "active"},
		{"archived", "redirect&repo=free-fedora-25&arch=x86_64", s, 302, "http://archive.example.org/free/fedora/releases/25/Everything/x86_64/os/", "archived"},
		{"a file", "redirect&path=free/fedora/releases/25/x%2B%2B.iso", s, 302, "http://archive.example.org/free/fedora/releases/25/x%2B%2B.iso", "archived"},
		{"nowhere to go", "redirect&repo=free-fedora-43&arch=x86_64", none, 404, "", "no_url"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := redirect.Mirrorlist(tt.snapshot, redirect.ParseQuery(tt.query), byHTTP)
			if a.Status != tt.status || a.Location != tt.location || len(a.Body) != 0 || a.Outcome.String() != tt.outcome {
				t.Errorf("%d %q %q %s", a.Status, a.Location, a.Body, a.Outcome)
			}
		})
	}
}

// hosts is a Selector that answers the same to everyone, below each URL the directory asked for.
type hosts redirect.Hosts

func (h hosts) Select(w redirect.Want) redirect.Hosts {
	found := redirect.Hosts{Notes: h.Notes, ByAddress: h.ByAddress}
	for _, host := range h.List {
		host.URLs = slices.Clone(host.URLs)
		for i := range host.URLs {
			host.URLs[i] += redirect.EscapePath(w.Dir) + "/"
		}
		found.List = append(found.List, host)
	}
	return found
}

// What MirrorManager's sample shows: three hosts, of which one is private.
var sample = hosts{
	Notes: "Using preferred netblock Using ASN 680 country = DE country = FR country = NL country = global ",
	List: []redirect.Host{
		{Country: "DE", URLs: []string{"https://ftp.example.de/rpmfusion/", "rsync://ftp.example.de/rpmfusion/"}},
		{Country: "US", URLs: []string{"http://mirror.corp.example/rpmfusion/"}, Private: true},
	},
}

func TestMirrorlistOfHosts(t *testing.T) {
	const updates = "free/fedora/updates/43/x86_64/"
	mixed := hosts{Notes: "country = DE ", ByAddress: true, List: []redirect.Host{
		{URLs: []string{"http://a.example/", "https://a.example/", "rsync://a.example/"}},
		{URLs: []string{"rsync://b.example/m/"}},
		{URLs: []string{"ftp://c.example/"}},
		{URLs: []string{"https://d.example/"}},
	}}
	tests := []struct {
		name, query string
		client      redirect.Client
		want        []string
	}{
		{"the client's scheme first, one URL each, rsync left out", "", byHTTP, []string{"http://a.example/", "ftp://c.example/", "https://d.example/"}},
		{"by https", "", byHTTPS, []string{"https://a.example/", "ftp://c.example/", "https://d.example/"}},
		{"http alone", "&protocol=http", byHTTPS, []string{"http://a.example/"}},
		{"rsync by name", "&protocol=rsync", byHTTPS, []string{"rsync://a.example/", "rsync://b.example/m/"}},
		{"a wish that nobody fulfils", "&protocol=gopher", byHTTPS, []string{"https://a.example/", "ftp://c.example/", "https://d.example/"}},
	}
	s := site{options: redirect.Options{Selector: mixed}}.snapshot(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := redirect.Mirrorlist(s, redirect.ParseQuery("repo=free-fedora-updates-released-43&arch=x86_64"+tt.query), tt.client)
			lines := strings.Split(strings.TrimSuffix(string(a.Body), "\n"), "\n")
			for i := range tt.want {
				tt.want[i] += updates
			}
			if !strings.HasPrefix(lines[0], "# repo = free-fedora-updates-released-43 arch = x86_64 country = DE ") || !slices.Equal(lines[1:], tt.want) {
				t.Errorf("%q, want %q", lines, tt.want)
			}
			if a.CacheControl != redirect.CachePrivate {
				t.Errorf("an answer for one address may be shared: %q", a.CacheControl)
			}
		})
	}
}

// wants records what a Selector was asked.
type wants struct {
	redirect.Selector
	last *redirect.Want
}

func (w wants) Select(x redirect.Want) redirect.Hosts { *w.last = x; return w.Selector.Select(x) }

// ip= moves an answer on the map and never pretends to be the client: private hosts stay closed.
func TestSelectorIsAsked(t *testing.T) {
	var got redirect.Want
	s := site{options: redirect.Options{Selector: wants{sample, &got}}}.snapshot(t)
	redirect.Mirrorlist(s, redirect.ParseQuery("repo=free-fedora-43&arch=x86_64&ip=::ffff:198.51.100.9&country=fr,DE"), byHTTPS)
	if got.Client != byHTTPS || got.Near != netip.MustParseAddr("198.51.100.9") || !slices.Equal(got.Countries, []string{"FR", "DE"}) {
		t.Errorf("asked %+v", got)
	}
	redirect.Metalink(s, redirect.ParseQuery("repo=free-fedora-43&arch=x86_64"), byHTTP)
	if got.Client != byHTTP || got.Near != byHTTP.Addr || got.Dir != "free/fedora/releases/43/Everything/x86_64/os/repodata" {
		t.Errorf("asked %+v", got)
	}
	got = redirect.Want{}
	redirect.Mirrorlist(s, redirect.ParseQuery("repo=free-fedora-25&arch=x86_64"), byHTTP)
	if got.Dir != "" {
		t.Error("hosts were asked for an archived release")
	}
}

func TestUnknownRepoStatus(t *testing.T) {
	s := site{options: redirect.Options{UnknownRepoStatus: http.StatusNotFound}}.snapshot(t)
	q := redirect.ParseQuery("repo=x&arch=y")
	if a := redirect.Mirrorlist(s, q, byHTTP); a.Status != 404 || string(a.Body) != "# repo = x arch = y "+available {
		t.Errorf("%d %q", a.Status, a.Body)
	}
	if a := redirect.Metalink(s, q, byHTTP); a.Status != 404 {
		t.Errorf("metalink: %d", a.Status)
	}
}

// Whatever the index may hold, our own names are not there for anyone.
func TestReservedPaths(t *testing.T) {
	s := site{metadata: everyPath{}}.snapshot(t)
	for _, query := range []string{"path=.mirrorctl-trash/1/a.rpm", "path=.mirrorctl", "path=free/.mirrorctl-x"} {
		q := redirect.ParseQuery(query)
		if a, m := redirect.Mirrorlist(s, q, byHTTP), redirect.Metalink(s, q, byHTTP); a.Status != 404 || m.Status != 404 {
			t.Errorf("%s: %d, %d", query, a.Status, m.Status)
		}
	}
}

// What is counted of an answer names the catalog's words, never the client's.
func TestAnswerIsCounted(t *testing.T) {
	s := site{}.snapshot(t)
	a := redirect.Mirrorlist(s, redirect.ParseQuery("repo=free-fedora-source-43&arch=ppc64&countme=4"), byHTTP)
	if a.Repo != (mirror.RepoID{Name: "free-fedora-source-43", Arch: "source"}) || a.Release.String() != "fedora-43" || a.Countme != 4 {
		t.Errorf("%+v", a)
	}
	a = redirect.Metalink(s, redirect.ParseQuery("repo=free-fedora-25&arch=x86_64"), byHTTP)
	if a.Release.String() != "fedora-25" || a.State != mirror.Archived || a.Kind != mirror.KindMetalink {
		t.Errorf("%+v", a)
	}
	a = redirect.Mirrorlist(s, redirect.ParseQuery("repo=nonsense&arch=x86_64"), byHTTP)
	if a.Repo != (mirror.RepoID{}) || !a.Release.IsZero() {
		t.Errorf("%+v", a)
	}
}

func BenchmarkMirrorlist(b *testing.B) {
	s := site{options: redirect.Options{Made: time.Unix(0, 0)}}.snapshot(b)
	for _, bb := range []struct{ name, query string }{
		{"archived", "repo=free-fedora-25&arch=x86_64"},
		{"unknown", "repo=free-fedora-$releasever&arch=x86_64"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				redirect.Mirrorlist(s, redirect.ParseQuery(bb.query), byHTTP)
			}
		})
	}
}
