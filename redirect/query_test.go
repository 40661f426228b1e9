package redirect_test

import (
	"reflect"
	"strings"
	"testing"

	"mirrorctl/redirect"
)

func TestParseQuery(t *testing.T) {
	tests := []struct {
		name, raw string
		want      redirect.Query
	}{
		{"nothing", "", redirect.Query{}},
		{"a .repo file", "repo=free-fedora-42&arch=x86_64", redirect.Query{ByRepo: true, Repo: "free-fedora-42", Arch: "x86_64"}},
		{"arch is missing", "repo=free-fedora-42", redirect.Query{Repo: "free-fedora-42"}},
		{"empty is not missing", "repo=&arch=", redirect.Query{ByRepo: true}},
		{"escaped", "repo=free%2dfedora%2D42&ar%63h=x86%5F64", redirect.Query{ByRepo: true, Repo: "free-fedora-42", Arch: "x86_64"}},
		{
			"what dnf leaves of unset variables", "repo=epel-$releasever&arch=x86_64&infra=$infra&content=$contentdir&countme=3",
			redirect.Query{ByRepo: true, Repo: "epel-$releasever", Arch: "x86_64", Countme: 3},
		},
		{"countme out of range", "countme=5&countme=x", redirect.Query{}},
		{"protocol", "protocol=https,HTTP", redirect.Query{Protocol: "https,HTTP", Protocols: []string{"https", "http"}}},
		{"protocol with an escaped comma", "protocol=https%2Chttp", redirect.Query{Protocol: "https,http", Protocols: []string{"https", "http"}}},
		{"country", "country=de,,fr", redirect.Query{Countries: []string{"DE", "FR"}}},
		{"bare words", "time&redirect", redirect.Query{Time: true, Redirect: true}},
		{"path", "path=pub%2Fepel/9/&ip=10.0.0.1", redirect.Query{ByPath: true, Path: "pub/epel/9/", IP: "10.0.0.1"}},
		{"the last counts", "path=a&path=b", redirect.Query{ByPath: true, Path: "b"}},
		{"half an escape", "path=%&path=%4&path=%zz", redirect.Query{ByPath: true, Path: "%zz"}},
		{"plus is plus", "path=libstdc++", redirect.Query{ByPath: true, Path: "libstdc++"}},
		{"value with an equals sign", "path=a=b", redirect.Query{ByPath: true, Path: "a=b"}},
		{"separators alone", "&&=&=x&", redirect.Query{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := redirect.ParseQuery(tt.raw); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%q: %+v, want %+v", tt.raw, got, tt.want)
			}
		})
	}
}

func TestParseQueryIsBounded(t *testing.T) {
	q := redirect.ParseQuery("country=" + strings.Repeat("de,", 10_000))
	if len(q.Countries) > 16 {
		t.Errorf("%d countries kept", len(q.Countries))
	}
	q = redirect.ParseQuery(strings.Repeat("x", redirect.MaxQuery) + "&path=a")
	if q.ByPath {
		t.Error("read on beyond MaxQuery")
	}
}

func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"repo=a&arch=b", "%", "%4", "%41=%zz", "a=b=c&&&", "protocol=,,,&country=,", "repo=%0a&arch=%00", "path=%ff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		q := redirect.ParseQuery(raw)
		size := len(q.Repo) + len(q.Arch) + len(q.Path) + len(q.IP) + len(q.Protocol)
		if size > len(raw) {
			t.Fatalf("%d bytes out of %d", size, len(raw))
		}
		if q.Countme < 0 || q.Countme > 4 || len(q.Countries) > 16 || len(q.Protocols) > 16 {
			t.Fatalf("out of bounds: %+v", q)
		}
	})
}
