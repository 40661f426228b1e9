package repomd_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"mirrorctl/repomd"
)

const offered = `<?xml version="1.0" encoding="UTF-8"?>
<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="1">
<package type="rpm"><name>a</name><format><rpm:license>x</rpm:license><rpm:provides>
<rpm:entry name="a" flags="EQ" epoch="1" ver="2" rel="3"/><rpm:entry name="liba.so.1()(64bit)"/></rpm:provides>
<rpm:requires><rpm:entry name="b"/></rpm:requires><file>/usr/bin/a</file><file type="dir">/etc/a</file></format></package>
</metadata>`

func TestOffers(t *testing.T) {
	n := 0
	for o, err := range repomd.Offers(bytes.NewReader([]byte(offered))) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		want := []repomd.Capability{{Name: "a", Flags: "EQ", Epoch: "1", Version: "2", Release: "3"}, {Name: "liba.so.1()(64bit)"}}
		if o.Name != "a" || !slices.Equal(o.Provides, want) || !slices.Equal(o.Files, []string{"/usr/bin/a", "/etc/a"}) {
			t.Errorf("%+v", o)
		}
	}
	if n != 1 {
		t.Errorf("%d packages", n)
	}
	for _, err := range repomd.Offers(bytes.NewReader([]byte(offered[:len(offered)/2]))) {
		if err == nil {
			t.Error("half a document was read")
		}
	}
}

func TestPaths(t *testing.T) {
	doc := `<filelists><package name="a"><version ver="1"/><file>/usr/bin/a</file><file type="dir">/opt/a</file></package><package name="b"><file>/b</file></package></filelists>`
	var got []string
	for p, err := range repomd.Paths(bytes.NewReader([]byte(doc))) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, p)
	}
	if !slices.Equal(got, []string{"/usr/bin/a", "/opt/a", "/b"}) {
		t.Errorf("%q", got)
	}
	for p := range repomd.Paths(bytes.NewReader([]byte(doc))) {
		if p != "/usr/bin/a" {
			t.Errorf("the stream went on to %q", p)
		}
		break
	}
}

func FuzzOffers(f *testing.F) {
	f.Add([]byte(offered))
	names, _ := filepath.Glob("testdata/good/*/repodata/*primary.xml.*")
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		if content, err := readAll(raw, repomd.UnknownSize); err == nil {
			f.Add(content)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		atMost(t, 64<<20, func() {
			for o, err := range repomd.Offers(bytes.NewReader(raw)) {
				if err == nil && len(o.Provides)+len(o.Files) > len(raw) {
					t.Errorf("%d provides and %d files in %d bytes", len(o.Provides), len(o.Files), len(raw))
				}
			}
			for range repomd.Paths(bytes.NewReader(raw)) {
			}
		})
	})
}
