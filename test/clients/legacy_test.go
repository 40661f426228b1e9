package clients

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"mirrorctl/test/binary"
)

// The .repo files of Fedora 8 to 10 name a static list among the files of the root. yum fills in the
// variables of the URL in it; the path that comes of it leads on to the archive like any other.
func TestStaticListsOfTheFirstGeneration(t *testing.T) {
	s := binary.Demo(t)
	v := s.Serve(t)
	get := func(url string) (*http.Response, string) {
		t.Helper()
		res, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, string(body)
	}
	s.Must(t, "archive", "--yes", "fedora-10")
	for list, want := range map[string]string{
		"free/fedora/.mirrorlist-free-fedora-updates":         "free/fedora/updates/$releasever/$basearch/\n",
		"nonfree/fedora/.mirrorlist-nonfree-fedora-releases":  "nonfree/fedora/releases/$releasever/Everything/$basearch/os/\n",
		"free/fedora/.mirrorlist-free-fedora-updates-testing": "free/fedora/updates/testing/$releasever/$basearch/\n",
		"nonfree/fedora/.mirrorlist-nonfree-fedora-rawhide":   "nonfree/fedora/development/$basearch/os/\n",
	} {
		res, body := get(v.URL + list)
		if res.StatusCode != http.StatusOK || body != v.URL+want {
			t.Errorf("%s: %d %q, want %q", list, res.StatusCode, body, v.URL+want)
		}
	}
	_, list := get(v.URL + "free/fedora/.mirrorlist-free-fedora-updates")
	base := strings.NewReplacer("$releasever", "10", "$basearch", "i386", "\n", "").Replace(list)
	res, body := get(base + "repodata/repomd.xml")
	if res.StatusCode != http.StatusOK || !strings.Contains(body, "<repomd") || !strings.HasPrefix(res.Request.URL.Path, "/archive/") {
		t.Errorf("%s: %d from %s", base, res.StatusCode, res.Request.URL)
	}
	if res, _ := get(v.URL + "free/fedora/.mirrorlist-of-my-own"); res.StatusCode != http.StatusNotFound {
		t.Errorf("a name that only resembles a list: %d", res.StatusCode)
	}
}
