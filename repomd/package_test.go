package repomd_test

import (
	"bytes"
	"io"
	"iter"
	"os"
	"reflect"
	"strings"
	"testing"

	"mirrorctl/repomd"
)

func collect[T any](seq iter.Seq2[T, error]) (all []T, err error) {
	for item, err := range seq {
		if err != nil {
			return all, err
		}
		all = append(all, item)
	}
	return all, nil
}

func TestPackages(t *testing.T) {
	fsys := os.DirFS("testdata/good")
	for _, name := range []string{"bz2-md5", "el5-sha", "gz-sqlite", "xz-sha512", "zck", "zstd"} {
		r, err := repomd.Load(fsys, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range r.Data {
			if d.Type != "primary" && d.Type != "primary_zck" {
				continue
			}
			content, err := repomd.Open(fsys, name, d)
			if err != nil {
				t.Fatal(err)
			}
			got, err := collect(repomd.Packages(content))
			if err != nil || len(got) != 3 {
				t.Fatalf("%s %s: %d packages, %v", name, d.Type, len(got), err)
			}
			content.Close()
			hello := got[0]
			hello.Checksum = repomd.Checksum{} // differs from one to the other, and Verify proves it
			want := repomd.Package{
				Name: "hello", Arch: "x86_64", Epoch: "1", Version: "2.12", Release: "3.fc25",
				Href: "hello-2.12-3.fc25.x86_64.rpm", Size: 1415, Installed: 6,
				FileTime: 1480000100, BuildTime: 1480000000,
				Summary: "Greets & <leaves>", SourceRPM: "hello-2.12-3.fc25.src.rpm",
			}
			if hello != want {
				t.Errorf("%s %s: got %+v\nwant %+v", name, d.Type, hello, want)
			}
			if got, want := got[0].NEVRA(), "hello-1:2.12-3.fc25.x86_64"; got != want {
				t.Errorf("NEVRA %s, want %s", got, want)
			}
			if got, want := got[2].NEVRA(), "lib++x-1.0~rc1^git1-1.x86_64"; got != want {
				t.Errorf("NEVRA %s, want %s", got, want)
			}
		}
	}
}

// 17,649 real packages; each field of the first 4,000 as encoding/xml has it, which takes its time.
func TestPackagesAgainstEncodingXML(t *testing.T) {
	primary := centosPrimary(t)
	next, stop := iter.Pull2(oraclePackages(bytes.NewReader(primary)))
	defer stop()
	n := 0
	for got, err := range repomd.Packages(bytes.NewReader(primary)) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n > 4000 {
			continue
		}
		want, err, more := next()
		if err != nil || !more {
			t.Fatalf("encoding/xml ends before package %d: %v", n, err)
		}
		if got != want {
			t.Fatalf("package %d\ngot  %+v\nwant %+v", n, got, want)
		}
	}
	if n != 17_649 {
		t.Errorf("%d packages, want 17649", n)
	}
}

// wrapPackage is a primary.xml of one package that has what every package must, and children.
func wrapPackage(children string) string {
	return `<metadata><package type="rpm"><name>a</name>` + children + `</package></metadata>`
}

const (
	goodLocation = `<location href="a.rpm"/>`
	goodChecksum = `<checksum type="sha" pkgid="YES">` + sha1Hex + `</checksum>`
)

func TestPackagesRefuses(t *testing.T) {
	for _, test := range []struct {
		name, doc, want string
	}{
		{"good", wrapPackage(goodLocation + goodChecksum), ""},
		{"unknown elements, and a name inside one", wrapPackage(goodLocation + goodChecksum + `<x><name>b</name><location href="../b"/></x>`), ""},
		{"another document", `<filelists/>`, "want <metadata>"},
		{"nothing", ``, "unexpected EOF"},
		{"cut", wrapPackage(goodLocation + goodChecksum)[:60], "unexpected EOF"},
		{"no name", `<metadata><package>` + goodLocation + goodChecksum + `</package></metadata>`, "no name"},
		{"no location", wrapPackage(goodChecksum), "no location"},
		{"no checksum", wrapPackage(goodLocation), "no checksum"},
		{"two names", wrapPackage(goodLocation + goodChecksum + `<name>b</name>`), "twice"},
		{"two locations", wrapPackage(goodLocation + goodLocation + goodChecksum), "twice"},
		{"two checksums", wrapPackage(goodLocation + goodChecksum + goodChecksum), "twice"},
		{"an href that leaves", wrapPackage(`<location href="../a.rpm"/>` + goodChecksum), "clean path"},
		{"an href that leaves, by reference", wrapPackage(`<location href="&#46;&#x2e;/a.rpm"/>` + goodChecksum), "clean path"},
		{"an absolute href", wrapPackage(`<location href="http://h/a.rpm"/>` + goodChecksum), "absolute"},
		{"a size in words", wrapPackage(goodLocation + goodChecksum + `<size package="big"/>`), "not a size"},
		{"an installed size in words", wrapPackage(goodLocation + goodChecksum + `<size package="1" installed="-2"/>`), "not a size"},
		{"a time in words", wrapPackage(goodLocation + goodChecksum + `<time build="now"/>`), "not a time"},
		{"an endless version", wrapPackage(goodLocation + goodChecksum + `<version ver="` + strings.Repeat("1", 2000) + `"/>`), "over 1024"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := collect(repomd.Packages(strings.NewReader(test.doc)))
			switch {
			case test.want == "" && (err != nil || len(got) != 1):
				t.Errorf("%d packages, %v", len(got), err)
			case test.want != "" && err == nil:
				t.Errorf("accepted: %+v", got)
			case test.want != "" && !strings.Contains(err.Error(), test.want):
				t.Errorf("error %q does not say %q", err, test.want)
			}
		})
	}
}

// What the reader does not depend on: where reads end, and whether the caller goes on.
func TestPackagesStream(t *testing.T) {
	doc := `<metadata>` + strings.Repeat(`<package><name>a</name>`+goodLocation+goodChecksum+`</package>`, 3) + `</metadata>`
	got, err := collect(repomd.Packages(&oneByte{r: strings.NewReader(doc)}))
	if err != nil || len(got) != 3 {
		t.Errorf("byte by byte: %d packages, %v", len(got), err)
	}
	n := 0
	for range repomd.Packages(strings.NewReader(doc)) {
		n++
		break
	}
	if n != 1 {
		t.Errorf("%d packages behind a break", n)
	}
	_, err = collect(repomd.Packages(io.MultiReader(strings.NewReader(doc[:100]), failing{})))
	if err == nil || !strings.Contains(err.Error(), errDisk.Error()) {
		t.Errorf("error of the reader: %v", err)
	}
}

type oneByte struct{ r io.Reader }

func (o *oneByte) Read(p []byte) (int, error) { return o.r.Read(p[:min(len(p), 1)]) }

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errDisk }

func TestDeltas(t *testing.T) {
	fsys := os.DirFS("testdata/good")
	r, err := repomd.Load(fsys, "delta")
	if err != nil {
		t.Fatal(err)
	}
	d, _ := r.Find("prestodelta")
	content, err := repomd.Open(fsys, "delta", d)
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	got, err := collect(repomd.Deltas(content))
	if err != nil {
		t.Fatal(err)
	}
	want := []repomd.Delta{{
		Name: "hello", Arch: "x86_64", Href: "drpms/hello-2.11-1_2.12-3.fc25.x86_64.drpm", Size: 19,
		Checksum: repomd.Checksum{Type: "sha256", Hex: "6a2bacc6443312da8a2587043dbd048d15198cc1d96b66c767c25272146dad8c"},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestDeltasRefuses(t *testing.T) {
	const good = `<filename>a.drpm</filename>` + goodChecksum
	wrap := func(delta string) string {
		return `<deltainfo><newpackage name="a" arch="b"><delta>` + delta + `</delta></newpackage></deltainfo>`
	}
	for _, test := range []struct{ name, doc, want string }{
		{"good", wrap(good), ""},
		{"leaves", wrap(`<filename>../a</filename>` + goodChecksum), "clean path"},
		{"no name", wrap(goodChecksum), "no file name"},
		{"two names", wrap(good + good), "two file names"},
		{"no checksum", wrap(`<filename>a</filename>`), "no checksum"},
		{"another document", `<metadata/>`, "want <prestodelta>"},
	} {
		got, err := collect(repomd.Deltas(strings.NewReader(test.doc)))
		switch {
		case test.want == "" && (err != nil || len(got) != 1):
			t.Errorf("%s: %d deltas, %v", test.name, len(got), err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: error %v does not say %q", test.name, err, test.want)
		}
	}
	two := `<prestodelta><newpackage name="a" arch="b"><delta>` + good + `</delta><delta>` + good + `</delta></newpackage></prestodelta>`
	for range repomd.Deltas(strings.NewReader(two)) {
		break // and the second is not given behind it, which would panic
	}
}
