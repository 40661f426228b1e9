package redirect_test

import (
	"net/url"
	"strings"
	"testing"

	"mirrorctl/mirror"
	"mirrorctl/redirect"
)

func targets(t testing.TB, public, archive string) *redirect.Targets {
	t.Helper()
	p, err := url.Parse(public)
	if err != nil {
		t.Fatal(err)
	}
	var a *url.URL
	if archive != "" {
		if a, err = url.Parse(archive); err != nil {
			t.Fatal(err)
		}
	}
	ts, err := redirect.NewTargets(p, a, false)
	if err != nil {
		t.Fatal(err)
	}
	return ts
}

// in is what a catalog says of a path of fedora-25.
func in(state mirror.State) mirror.Resolution {
	return mirror.Resolution{
		Place: mirror.Place{Release: mirror.Release{Product: "fedora", Version: "25"}},
		Known: true, State: state,
	}
}

func TestDecide(t *testing.T) {
	const (
		public  = "https://dl.example.org/pub/"
		archive = "https://archive.example.org/"
		updates = "free/fedora/updates/25/x86_64/"
	)
	tests := []struct {
		name     string
		archive  string // archive.url; "" = this server
		path     string
		slash    bool
		found    mirror.Resolution
		scheme   redirect.Scheme
		there    bool // asked at the archive's address
		action   redirect.Action
		result   string
		location string
	}{
		{name: "active", path: updates + "a.rpm", found: in(mirror.Active), action: redirect.ServeRoot, result: "active"},
		{name: "a release without a record", path: updates + "a.rpm", found: in(""), action: redirect.ServeRoot, result: "active"},
		{name: "being copied", path: updates + "a.rpm", found: in(mirror.Archiving), action: redirect.ServeRoot, result: "active"},
		{name: "below no tree", path: "RPM-GPG-KEY", action: redirect.ServeRoot, result: "outside"},
		{
			name: "the root itself", path: "", slash: true, action: redirect.ServeRoot, result: "outside",
		}, {
			name: "archived, by https", archive: archive, path: updates + "a.rpm", found: in(mirror.Archived), scheme: redirect.HTTPS,
			action: redirect.Redirect, result: "archived", location: archive + updates + "a.rpm",
		}, {
			// Fedora 25's CA bundle knows nothing of today's certificates.
			name: "archived, by http: never upgraded", archive: archive, path: updates + "a.rpm", found: in(mirror.Archived),
			action: redirect.Redirect, result: "archived", location: "http://archive.example.org/" + updates + "a.rpm",
		}, {
			name: "archived, by https, though http is configured", archive: "http://archive.example.org/", path: updates + "a.rpm",
			found: in(mirror.Archived), scheme: redirect.HTTPS,
			action: redirect.Redirect, result: "archived", location: archive + updates + "a.rpm",
		}, {
			name: "a port goes with its scheme", archive: "https://archive.example.org:8443/x", path: updates + "a.rpm", found: in(mirror.Archived),
			action: redirect.Redirect, result: "archived", location: "http://archive.example.org/x/" + updates + "a.rpm",
		}, {
			name: "pruned", archive: archive, path: updates + "repodata/repomd.xml", found: in(mirror.Pruned), scheme: redirect.HTTPS,
			action: redirect.Redirect, result: "archived", location: archive + updates + "repodata/repomd.xml",
		}, {
			name: "on its way back", archive: archive, path: updates + "a.rpm", found: in(mirror.Restoring), scheme: redirect.HTTPS,
			action: redirect.Redirect, result: "archived", location: archive + updates + "a.rpm",
		}, {
			name: "a directory keeps its slash", archive: archive, path: strings.TrimSuffix(updates, "/"), slash: true, found: in(mirror.Archived),
			scheme: redirect.HTTPS, action: redirect.Redirect, result: "archived", location: archive + updates,
		}, {
			name: "archive on this server", path: updates + "a.rpm", found: in(mirror.Archived), scheme: redirect.HTTPS,
			action: redirect.Redirect, result: "archived", location: public + "archive/" + updates + "a.rpm",
		}, {
			name: "one spelling", archive: archive, path: updates + "lib++x-1.0~rc1^git1.rpm", found: in(mirror.Archived), scheme: redirect.HTTPS,
			action: redirect.Redirect, result: "archived", location: archive + updates + "lib%2B%2Bx-1.0~rc1%5Egit1.rpm",
		}, {
			// Joined strings would make a query of it.
			name: "a question mark in a name", archive: archive, path: updates + "a?b#c%20d.rpm", found: in(mirror.Archived), scheme: redirect.HTTPS,
			action: redirect.Redirect, result: "archived", location: archive + updates + "a%3Fb%23c%2520d.rpm",
		},
		{name: "asked at the archive", path: updates + "a.rpm", found: in(mirror.Pruned), there: true, action: redirect.ServeArchive, result: "archive"},
		{
			// No way back: two servers that follow the state at different speed would send a client round.
			name: "asked at the archive, though restored", path: updates + "a.rpm", found: in(mirror.Active), there: true,
			action: redirect.ServeArchive, result: "archive",
		}, {
			name: "asked at an archive that is another server's", archive: archive, path: updates + "a.rpm", found: in(mirror.Archived), there: true,
			action: redirect.NotFound, result: "elsewhere",
		},
		{name: "the trash", path: ".mirrorctl-trash/1/free/fedora/a.rpm", action: redirect.NotFound, result: "reserved"},
		{name: "the store's own", path: ".mirrorctl/fedora-25/manifest", there: true, action: redirect.NotFound, result: "reserved"},
		{name: "a name of our own deep in a tree", path: updates + ".mirrorctl-1", found: in(mirror.Archived), action: redirect.NotFound, result: "reserved"},
		{name: "a name that only resembles it", path: "x.mirrorctl-1/.mirrorctly", action: redirect.ServeRoot, result: "outside"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := redirect.Decide(targets(t, public, tt.archive), redirect.Request{
				Path: mirror.Path(tt.path), Slash: tt.slash, Found: tt.found, Scheme: tt.scheme, Archive: tt.there,
			})
			if d.Action != tt.action || d.Result.String() != tt.result || d.Location != tt.location {
				t.Errorf("got %d %s %q, want %d %s %q", d.Action, d.Result, d.Location, tt.action, tt.result, tt.location)
			}
			if (d.CacheControl != "") != (tt.action == redirect.Redirect) {
				t.Errorf("Cache-Control %q", d.CacheControl)
			}
			if want := tt.found.Release; d.Action != redirect.NotFound && d.Release != want {
				t.Errorf("release %q, want %q", d.Release, want)
			}
		})
	}
}

// While a release is on its way back, caches must forget the archive before the root answers.
func TestDecideCaching(t *testing.T) {
	ts := targets(t, "http://dl.example.org/", "")
	for state, want := range map[mirror.State]string{
		mirror.Archived: redirect.CacheRedirect, mirror.Pruned: redirect.CacheRedirect, mirror.Restoring: redirect.CacheRestoring,
	} {
		if d := redirect.Decide(ts, redirect.Request{Path: "a", Found: in(state)}); d.CacheControl != want {
			t.Errorf("%s: %q, want %q", state, d.CacheControl, want)
		}
	}
}

func TestNewTargetsRefuses(t *testing.T) {
	tests := []struct{ name, public, archive, err string }{
		{"scheme", "ftp://dl.example.org/", "", `public_url "ftp://dl.example.org/": want an http or https URL`},
		{"no host", "https:///pub/", "", "has no host"},
		{"port alone", "https://:443/", "", "has no host"},
		{"password", "https://u:secret@dl.example.org/", "", `"https://u:xxxxx@dl.example.org/": must hold no user`},
		{"query", "https://dl.example.org/", "https://a.example.org/?x=1", "archive.url"},
		{"fragment", "https://dl.example.org/#x", "", "fragment"},
		{"path that is not clean", "https://dl.example.org/a/../b", "", "not clean"},
		{"redirect to itself", "https://dl.example.org/pub", "http://dl.example.org/pub/", "every redirect would come back"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, _ := url.Parse(tt.public)
			var a *url.URL
			if tt.archive != "" {
				a, _ = url.Parse(tt.archive)
			}
			if _, err := redirect.NewTargets(p, a, false); err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want one with %q", err, tt.err)
			}
		})
	}
	if _, err := redirect.NewTargets(nil, nil, true); err == nil {
		t.Error("no public_url: no error")
	}
}

// EscapePath leaves the escaping to net/url, whether it takes the short way or not.
func TestEscapePath(t *testing.T) {
	for c := range 256 {
		if c == '/' {
			continue
		}
		p := mirror.Path("a" + string([]byte{byte(c)}))
		want := strings.ReplaceAll((&url.URL{Path: "/" + string(p)}).EscapedPath()[1:], "+", "%2B")
		if got := redirect.EscapePath(p); got != want {
			t.Errorf("%q: %q, want %q", p, got, want)
		}
	}
	if got := redirect.EscapePath("*"); got != "%2A" {
		t.Errorf("*: %q", got)
	}
}

func FuzzDecide(f *testing.F) {
	for _, seed := range []string{
		"free/fedora/updates/25/x86_64/repodata/repomd.xml", "lib++x-1.0~rc1^git1.rpm", "a?b#c", "a%2fb", "//evil.example/", "*",
		"http://evil.example/", "@evil.example", "\\evil", "a\r\nSet-Cookie: x", "ü/ö", ":8443/", ".mirrorctl/x", "",
	} {
		f.Add(seed, true, uint8(1), uint8(2))
	}
	all := []*redirect.Targets{
		targets(f, "https://dl.example.org/pub/", "https://archive.example.org:8443/old releases/+"),
		targets(f, "http://dl.example.org:8080/", ""),
		targets(f, "http://[::1]:8080/", "https://[::1]:8443/a"),
	}
	bases := [][]string{{"dl.example.org", "archive.example.org"}, {"dl.example.org"}, {"::1"}}
	states := []mirror.State{mirror.Active, mirror.Archiving, mirror.Archived, mirror.Pruned, mirror.Restoring, ""}
	f.Fuzz(func(t *testing.T, raw string, slash bool, scheme, pick uint8) {
		p, err := mirror.ParsePath(raw)
		if err != nil {
			return
		}
		ts, state := int(pick)%len(all), states[int(pick)%len(states)]
		s := redirect.Scheme(scheme % 2)
		d := redirect.Decide(all[ts], redirect.Request{Path: p, Slash: slash, Found: in(state), Scheme: s})
		if (d.Action == redirect.Redirect) != (d.Location != "") {
			t.Fatalf("action %d, Location %q", d.Action, d.Location)
		}
		if d.Action != redirect.Redirect {
			return
		}
		if strings.ContainsAny(d.Location, "\r\n \"<>\\^+") {
			t.Fatalf("Location %q holds what a header or a cache would trip over", d.Location)
		}
		u, err := url.Parse(d.Location)
		if err != nil {
			t.Fatalf("Location %q: %v", d.Location, err)
		}
		known := false
		for _, host := range bases[ts] {
			known = known || u.Hostname() == host
		}
		if !known || u.Scheme != s.String() || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			t.Fatalf("Location %q names what is not configured", d.Location)
		}
		base, err := url.Parse(all[ts].ArchiveURL(s, "", true))
		if err != nil {
			t.Fatal(err)
		}
		want := base.Path + string(p)
		if slash && p != "" {
			want += "/"
		}
		if u.Path != want {
			t.Fatalf("Location %q decodes to %q, want %q", d.Location, u.Path, want)
		}
	})
}

func BenchmarkDecide(b *testing.B) {
	ts := targets(b, "https://dl.example.org/", "https://archive.example.org/")
	for _, bb := range []struct{ name, path string }{
		{"plain", "free/fedora/updates/25/x86_64/repodata/repomd.xml"},
		{"escaped", "free/fedora/updates/25/x86_64/l/lib++x-1.0~rc1^git1.x86_64.rpm"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			r := redirect.Request{Path: mirror.Path(bb.path), Found: in(mirror.Archived)}
			b.ReportAllocs()
			for b.Loop() {
				if redirect.Decide(ts, r).Location == "" {
					b.Fatal("no Location")
				}
			}
		})
	}
}
