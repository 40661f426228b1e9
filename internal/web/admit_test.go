package web_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"testing"

	"mirrorctl/internal/web"
	"mirrorctl/mirror"
)

// request parses a request target as net/http does.
func request(target string) (*http.Request, error) {
	u, err := url.ParseRequestURI(target)
	return &http.Request{Method: "GET", URL: u, RequestURI: target}, err
}

func TestCheckPath(t *testing.T) {
	for _, c := range []struct {
		target string
		path   mirror.Path
		dir    bool
	}{
		{"/", "", true},
		{"/free/fedora", "free/fedora", false},
		{"/free/fedora/", "free/fedora", true},
		{"/lib%2b%2bx-1.0~rc1%5egit1.rpm", "lib++x-1.0~rc1^git1.rpm", false},   // dnf
		{"/lib++x-1.0~rc1%5Egit1.rpm", "lib++x-1.0~rc1^git1.rpm", false},       // zypper
		{"/lib%2B%2Bx-1.0%7Erc1%5Egit1.rpm", "lib++x-1.0~rc1^git1.rpm", false}, // yum
		{"http://elsewhere.example/free/a", "free/a", false},                   // absolute form
		{"/a?x=/../%2f", "a", false},                                           // a query is not the path
		{"/a..b", "a..b", false}, {"/%E2%82%AC", "€", false}, {"/a%20b", "a b", false},
	} {
		r, err := request(c.target)
		if err != nil {
			t.Fatal(err)
		}
		if p, dir, err := web.CheckPath(r); p != c.path || dir != c.dir || err != nil {
			t.Errorf("%s: %q %v %v", c.target, p, dir, err)
		}
	}
	for _, target := range []string{
		"/a//b", "//", "/a/../b", "/..", "/a/.", "/./a", "/a/%2e%2e/b", "/a/%2E%2e", "/a%2e%2eb", "/a/%2e/b", "/a%2fb", "/a%2Fb", "/a%5cb", "/a%5Cb", `/a\b`,
		"/a%00", "/a%0d%0ab", "/a%7f", "/%0D/repodata/repomd.xml", "/a%ffb", "/" + strings.Repeat("a", 5000), "/a/b//",
	} {
		r, err := request(target)
		if err != nil {
			continue // net/http answers that
		}
		if p, _, err := web.CheckPath(r); !errors.Is(err, mirror.ErrBadPath) {
			t.Errorf("%s: %q, %v", target, p, err)
		}
	}
}

func FuzzPathCheck(f *testing.F) {
	for _, s := range []string{"/", "/a/b", "/a%2fb", "/%2e%2e/x", "/a%5c", "/a/../b", "//", "http://x/a", "/a%25%32%66"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, target string) {
		r, err := request(target)
		if err != nil {
			return
		}
		p, _, err := web.CheckPath(r)
		if err != nil {
			if !errors.Is(err, mirror.ErrBadPath) {
				t.Fatal(err)
			}
			return
		}
		s := string(p)
		if s != "" && (path.Clean(s) != s || s[0] == '/' || s == ".." || strings.HasPrefix(s, "../")) || strings.ContainsAny(s, "\x00\r\n\\") {
			t.Fatalf("%q became %q", target, s)
		}
		raw, _, _ := strings.Cut(strings.ToLower(target), "?")
		for _, esc := range []string{"%2f", "%5c", "%2e%2e"} {
			// "%25" is a percent sign: what follows it is no escape.
			if strings.Contains(strings.ReplaceAll(raw, "%25", ""), esc) && r.URL.Host == "" && !strings.Contains(raw, "%25") {
				t.Fatalf("%q got through", target)
			}
		}
	})
}

func TestCheckMethod(t *testing.T) {
	for _, c := range []struct {
		method, body string
		status       int
	}{
		{"GET", "", 0}, {"HEAD", "", 0}, {"OPTIONS", "", 204}, {"POST", "", 405}, {"DELETE", "", 405}, {"PROPFIND", "", 405}, {"CONNECT", "", 405},
		{"GET", "x", 400}, {"HEAD", "x", 400}, {"POST", "x", 400},
	} {
		h := anEdge().Wrap(func(w http.ResponseWriter, r *http.Request) error { return web.CheckMethod(r) })
		w := httptest.NewRecorder()
		r := httptest.NewRequest(c.method, "http://x/", nil)
		if c.body != "" {
			r = httptest.NewRequest(c.method, "http://x/", strings.NewReader(c.body))
		}
		h.ServeHTTP(w, r)
		if c.status == 0 {
			c.status = 200
		}
		if w.Code != c.status {
			t.Errorf("%s %q: %d, want %d", c.method, c.body, w.Code, c.status)
		}
		if allow := w.Header().Get("Allow"); (c.status == 405 || c.status == 204) != (allow == "GET, HEAD, OPTIONS") {
			t.Errorf("%s: Allow %q", c.method, allow)
		}
		if closes := w.Header().Get("Connection") == "close"; closes != (c.status == 400) {
			t.Errorf("%s %q: closes %v", c.method, c.body, closes)
		}
	}
}

var proxies = web.Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}

func TestForwardedFor(t *testing.T) {
	for _, c := range []struct {
		name, socket string
		header       []string
		want         string
	}{
		{"no proxy", "192.0.2.1:5", nil, "192.0.2.1"},
		{"a stranger's header is not read", "192.0.2.1:5", []string{"198.51.100.1"}, "192.0.2.1"},
		{"behind a proxy", "10.0.0.1:5", []string{"198.51.100.1"}, "198.51.100.1"},
		{"what stands left was made up", "10.0.0.1:5", []string{"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
		{"a chain of ours", "10.0.0.1:5", []string{"1.1.1.1, 198.51.100.1, 10.0.0.3,2001:db8::7"}, "198.51.100.1"},
		{"lines are joined", "10.0.0.1:5", []string{"198.51.100.1", "10.0.0.3"}, "198.51.100.1"},
		{"all ours", "10.0.0.1:5", []string{"10.0.0.9, 10.0.0.3"}, "10.0.0.9"},
		{"garbage", "10.0.0.1:5", []string{"198.51.100.1, unknown"}, "10.0.0.1"},
		{"garbage left of the answer is not reached", "10.0.0.1:5", []string{"\xff, 198.51.100.1"}, "198.51.100.1"},
		{"empty", "10.0.0.1:5", []string{""}, "10.0.0.1"},
		{"none", "10.0.0.1:5", nil, "10.0.0.1"},
		{"with a port", "10.0.0.1:5", []string{"198.51.100.1:4711"}, "198.51.100.1"},
		{"v6 with a port", "10.0.0.1:5", []string{"[2001:dead::1]:4711"}, "2001:dead::1"},
		{"v4 in v6", "[::ffff:10.0.0.1]:5", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"a zone", "10.0.0.1:5", []string{"fe80::1%eth0"}, "10.0.0.1"},
		{"too long", "10.0.0.1:5", []string{strings.Repeat("10.0.0.1,", 500) + "198.51.100.1"}, "10.0.0.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: c.socket, Header: http.Header{"X-Forwarded-For": c.header, "X-Forwarded-Proto": {"https"}}}
			got := proxies.Client(r)
			if got.Addr.String() != c.want {
				t.Errorf("%s, want %s", got.Addr, c.want)
			}
			if trusted := !strings.HasPrefix(c.socket, "192"); (got.Scheme == "https") != trusted {
				t.Errorf("scheme %s", got.Scheme)
			}
		})
	}
}

func FuzzForwardedFor(f *testing.F) {
	f.Add("10.0.0.1:1", "1.2.3.4, 10.0.0.2", "")
	f.Add("1.1.1.1:1", "\xff", ",,,")
	f.Add("", "[::1]:1", "fe80::1%25")
	f.Fuzz(func(t *testing.T, socket, a, b string) {
		r := &http.Request{RemoteAddr: socket, Header: http.Header{"X-Forwarded-For": {a, b}}}
		got := proxies.Client(r)
		peer, err := netip.ParseAddrPort(socket)
		switch {
		case err != nil:
			if got.Addr.IsValid() {
				t.Fatalf("%v from socket %q", got.Addr, socket)
			}
		case got.Addr != peer.Addr().Unmap():
			// Another address than the socket's: only a proxy can have named it, and in the header.
			p := peer.Addr().Unmap()
			if !proxies[0].Contains(p) && !proxies[1].Contains(p) {
				t.Fatalf("%v believed of %v", got.Addr, p)
			}
			if got.Addr.Zone() != "" || !got.Addr.IsValid() {
				t.Fatal(got.Addr)
			}
		}
	})
}
