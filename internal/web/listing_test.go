package web_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mirrorctl/internal/web"
	"mirrorctl/mirror"
)

var entries = []web.Entry{
	{Name: "b.rpm", Size: 1536, ModTime: modified},
	{Name: "repodata", Dir: true, ModTime: modified},
	{Name: `<script>"&'.rpm`, Size: 12, ModTime: modified},
	{Name: "javascript:alert(1)", Size: 3 << 30},
	{Name: "lib++x 1.rpm", Size: 0},
	{Name: ".mirrorctl-trash", Dir: true},
	{Name: "a", Dir: true},
}

func page(t testing.TB, write web.Handler, header http.Header) *http.Response {
	t.Helper()
	r := httptest.NewRequest("GET", "/", nil)
	r.Header = header
	w := httptest.NewRecorder()
	if err := write(w, r); err != nil {
		t.Fatal(err)
	}
	return w.Result()
}

func listing(w http.ResponseWriter, r *http.Request) error {
	return web.WriteListing(w, r, "free/el & co", entries)
}

func TestListingHTML(t *testing.T) {
	r := page(t, listing, http.Header{})
	body := text(t, r)
	order := []string{
		`<a href="/">/</a><a href="../">free</a>/<a href="./">el &amp; co</a>/`,
		`<a href="../">../</a>`,
		`<a href="a/">a/</a>`,
		`<a href="repodata/">repodata/</a><td>2016-11-22 10:00<td>`,
		`<a href="%3Cscript%3E%22&amp;%27.rpm">&lt;script&gt;&#34;&amp;&#39;.rpm</a><td>2016-11-22 10:00<td>12 B`,
		`<a href="b.rpm">b.rpm</a><td>2016-11-22 10:00<td>1.5 KiB`,
		`<a href="./javascript:alert%281%29">javascript:alert(1)</a><td><td>3.0 GiB`,
		`<a href="lib++x%201.rpm">lib++x 1.rpm</a><td><td>0 B`,
	}
	rest := body
	for _, want := range order {
		i := strings.Index(rest, want)
		if i < 0 {
			t.Fatalf("no %s, or not in its place, in\n%s", want, body)
		}
		rest = rest[i+len(want):]
	}
	if strings.Contains(body, "mirrorctl-trash") || strings.Contains(body, "<script") {
		t.Error("the listing shows what it must not")
	}
	if p := r.Header.Get("Content-Security-Policy"); !strings.Contains(p, "default-src 'none'") {
		t.Errorf("policy %q", p)
	}
}

func TestListingJSON(t *testing.T) {
	r := page(t, listing, http.Header{"Accept": {"text/html;q=0.5, application/json"}})
	var got []map[string]any
	if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 6 || got[1]["name"] != "repodata" || got[1]["type"] != "directory" || got[1]["size"] != nil ||
		got[3]["name"] != "b.rpm" || got[3]["type"] != "file" || got[3]["size"] != 1536.0 || got[3]["mtime"] != "Tue, 22 Nov 2016 10:00:00 GMT" {
		t.Errorf("%v", got)
	}
}

func TestPagesAreCompressedForThoseWhoAsk(t *testing.T) {
	for accept, want := range map[string]bool{
		"": false, "gzip": true, "br, gzip;q=0.3": true, "gzip;q=0": false, "*": true, "*, gzip;q=0": false, "identity": false, "gzip;q=x": false,
	} {
		r := page(t, listing, http.Header{"Accept-Encoding": {accept}})
		if got := r.Header.Get("Content-Encoding") == "gzip"; got != want {
			t.Errorf("%q: compressed %v", accept, got)
		}
		if want {
			z, err := gzip.NewReader(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			if b, err := io.ReadAll(z); err != nil || !strings.Contains(string(b), "</table>") {
				t.Errorf("%q: %v", accept, err)
			}
		}
	}
}

// A directory like CentOS Stream's AppStream, whose names have 40 characters on average: at most 2.5 MB and 50 ms.
func TestLargeListing(t *testing.T) {
	var many []web.Entry
	for i := range 17_649 {
		many = append(many, web.Entry{Name: fmt.Sprintf("package-%05d-1.2.3-4.el9_%d.x86_64.rpm", i, i%7+10000), Size: int64(i) * 1000, ModTime: modified})
	}
	start := time.Now()
	r := page(t, func(w http.ResponseWriter, r *http.Request) error { return web.WriteListing(w, r, "x", many) }, http.Header{})
	took := time.Since(start)
	n := len(text(t, r))
	t.Logf("%d bytes in %v", n, took)
	if n > 2_500_000 || took > 500*time.Millisecond { // ten times what it takes: the machine may be busy
		t.Errorf("%d bytes in %v", n, took)
	}
}

var status = web.StatusPage{
	Name: "RPM <Fusion>", Version: "1.0", Time: modified, Generation: 7,
	Releases: []web.StatusRelease{
		{Release: mirror.Release{Product: "fedora", Version: "25"}, State: mirror.Pruned, Since: modified, EOL: "2017-12-12", Repositories: 12, Files: 3000, Bytes: 5 << 30, URL: "/archive/free/fedora/releases/25/"},
		{Release: mirror.Release{Product: "fedora", Version: "43"}, State: mirror.Active},
	},
	Inconsistent: []web.StatusRepository{{RepoID: mirror.RepoID{Name: "free-el-9", Arch: "x86_64"}, Dir: "free/el/updates/9/x86_64", Problem: "primary: checksum differs"}},
	Jobs:         []web.StatusJob{{ID: "20161122-1", Release: mirror.Release{Product: "el", Version: "5"}, Phase: "copy", Done: 1 << 20, Total: 1 << 30}},
}

func TestStatusPage(t *testing.T) {
	write := func(w http.ResponseWriter, r *http.Request) error { return web.WriteStatus(w, r, status) }
	body := text(t, page(t, write, http.Header{}))
	for _, want := range []string{
		"RPM &lt;Fusion&gt;", `<a href="/archive/free/fedora/releases/25/">fedora-25</a><td class="pruned">pruned<td>2016-11-22<td>2017-12-12`,
		"5.0 GiB", "free-el-9 x86_64", "primary: checksum differs", `<progress max="1073741824" value="1048576"`, "1.0 MiB of 1.0 GiB", "generation 7",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s", want)
		}
	}
	var got web.StatusPage
	if err := json.NewDecoder(page(t, write, http.Header{"Accept": {"application/json"}}).Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(status) {
		t.Errorf("JSON:\n%v\nwant\n%v", got, status)
	}
	empty := text(t, page(t, func(w http.ResponseWriter, r *http.Request) error { return web.WriteStatusJSON(w, r, web.StatusPage{}) }, http.Header{}))
	if strings.Contains(empty, "null") || !strings.Contains(empty, `"jobs": []`) {
		t.Error(empty)
	}
}
