package redirect_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"mirrorctl/internal/webtest"
	"mirrorctl/redirect"
)

func TestScripts(t *testing.T) {
	server := httptest.NewServer(newFront(site{}.snapshot(t)))
	defer server.Close()
	webtest.Run(t, server.URL, "testdata/*.web", map[string]string{
		"public": "http://dl.example.org/", "archive": "http://archive.example.org/",
	})
}

// The same scripts against a running server, whose fedora-43 and el-9 are active and whose fedora-25
// is archived, asked by http. Its archive is its own unless MIRRORCTL_WEB_ARCHIVE says where.
func TestScriptsAgainstRunningServer(t *testing.T) {
	base := webtest.RunningServer(t)
	archive := os.Getenv("MIRRORCTL_WEB_ARCHIVE")
	if archive == "" {
		archive = base + "/archive/"
	}
	webtest.Run(t, base, "testdata/*.web", map[string]string{"public": base + "/", "archive": archive})
}

func TestListsConditional(t *testing.T) {
	f := newFront(site{}.snapshot(t))
	ask := func(method string, header http.Header) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(method, "/metalink?repo=free-fedora-25&arch=x86_64", nil)
		r.Header = header
		f.lists.ServeHTTP(w, r)
		return w
	}
	first := ask("GET", nil)
	tag := first.Header().Get("ETag")
	if first.Code != 200 || len(tag) < 18 || !strings.HasPrefix(tag, `"`) {
		t.Fatalf("%d, ETag %q", first.Code, tag)
	}
	if again := ask("GET", http.Header{"If-None-Match": {tag}}); again.Code != 304 || again.Body.Len() != 0 {
		t.Errorf("the same tag: %d", again.Code)
	}
	// Every dnf says no-cache; it means its own cache, and gets the list.
	if again := ask("GET", http.Header{"Cache-Control": {"no-cache"}, "Pragma": {"no-cache"}}); again.Code != 200 {
		t.Errorf("no-cache: %d", again.Code)
	}
	if h := ask("HEAD", nil); h.Body.Len() != 0 || h.Header().Get("Content-Length") != first.Header().Get("Content-Length") || h.Header().Get("ETag") != tag {
		t.Errorf("HEAD: %d bytes, %v", h.Body.Len(), h.Header())
	}
}

// An answer holds to HEAD by itself, whatever carries it.
func TestAnswerHEAD(t *testing.T) {
	w := httptest.NewRecorder()
	redirect.Answer{Status: 404, Body: []byte("gone")}.ServeHTTP(w, httptest.NewRequest("HEAD", "/", nil))
	if w.Code != 404 || w.Body.Len() != 0 || w.Header().Get("Content-Length") != "4" {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
}
