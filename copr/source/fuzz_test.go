package source

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"mirrorctl/copr"
)

// Whatever is declared and announced: the host is the declared one, and the file stays in its directory.
func FuzzLocate(f *testing.F) {
	for _, s := range [][3]string{
		{"https://example.org/criu-{version}.tar.xz", "", "4.2.1"}, {"file:///srv/{version}/a", "b-{version}", "1"},
		{"http://{version}/a", "", "127.0.0.1"}, {"http://h:{version}/a", "", "1"}, {"http://h/a", "../x", "1"}, {"http://h/%2e%2e/x", "", "1"},
		{"http://h/a?v={version}#{version}", "{version}", "1~2^3"},
	} {
		f.Add(s[0], s[1], s[2])
	}
	f.Fuzz(func(t *testing.T, raw, name, version string) {
		l, err := locate(copr.Source{URL: raw, Name: name}, version)
		if err != nil {
			return
		}
		if got := filepath.Join("/dir", l.name); filepath.Dir(got) != "/dir" || strings.ContainsAny(l.name, "/\x00 \n'\"$`%") {
			t.Errorf("file name %q", l.name)
		}
		declared, err := url.Parse(strings.ReplaceAll(raw, placeholder, "x"))
		if err == nil && declared.Host != l.url.Host {
			t.Errorf("host %q, declared %q", l.url.Host, declared.Host)
		}
	})
}

func FuzzPins(f *testing.F) {
	f.Add([]byte(`{"http://a/": "` + strings.Repeat("0a", 32) + `"}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		seen, err := parsePins(data)
		if err != nil {
			return
		}
		for _, sum := range seen {
			if len(sum) != 64 {
				t.Errorf("pin %q", sum)
			}
		}
	})
}
