package repomd_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"mirrorctl/repomd"
)

const (
	sha1Hex   = "0123456789abcdef0123456789abcdef01234567"
	sha256Hex = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
)

// document puts children into a <repomd>.
func document(children string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><repomd xmlns="http://linux.duke.edu/metadata/repo">` + children + `</repomd>`
}

// record is a <data> of type primary whose href is given.
func record(href string) string {
	return `<data type="primary"><location href="` + href + `"/></data>`
}

func TestParseIsLenient(t *testing.T) {
	primary := repomd.Data{Type: "primary", Href: "repodata/primary.xml.gz", Size: -1, OpenSize: -1, HeaderSize: -1}
	with := func(change func(*repomd.Data)) []repomd.Data {
		d := primary
		change(&d)
		return []repomd.Data{d}
	}
	for _, test := range []struct {
		name string
		doc  string
		want []repomd.Data
	}{
		{
			// createrepo 0.4 of EL-5: no open-size, fractions of a second, SHA-1 by its old name
			name: "EL-5",
			doc: `<?xml version="1.0" encoding="UTF-8"?>
				<repomd xmlns="http://linux.duke.edu/metadata/repo">
				  <data type="primary">
				    <location href="repodata/primary.xml.gz"/>
				    <checksum type="sha">` + sha1Hex + `</checksum>
				    <timestamp>1222222222.93</timestamp>
				    <open-checksum type="sha">` + sha1Hex + `</open-checksum>
				  </data></repomd>`,
			want: with(func(d *repomd.Data) {
				d.Checksum = repomd.Checksum{Type: "sha", Hex: sha1Hex}
				d.OpenChecksum = d.Checksum
				d.Timestamp = 1222222222
			}),
		},
		{
			name: "unknown elements, attributes and comments are skipped",
			doc: document(`<new><data type="nested"/></new><!-- > --><?pi?>
				<data type="primary" new="1"><new a='>'>x<b/></new><location href="repodata/primary.xml.gz" new=""/><size>1</size></data>`),
			want: with(func(d *repomd.Data) { d.Size = 1 }),
		},
		{
			name: "a byte order mark",
			doc:  "\ufeff" + document(record("repodata/primary.xml.gz")),
			want: []repomd.Data{primary},
		},
		{
			name: "namespaces by local name",
			doc:  `<r:repomd xmlns:r="x"><r:data type="primary"><r:location href="repodata/primary.xml.gz"/></r:data></r:repomd>`,
			want: []repomd.Data{primary},
		},
		{
			name: "space, CDATA, references and upper case",
			doc: document(`<data type = 'primary' ><location href="repodata/prim&#x61;ry.xml.gz" xml:base="http://h/?a&amp;b"/>
				<checksum type="SHA256">
				` + strings.ToUpper(sha256Hex) + `</checksum><size> <![CDATA[12]]>3 </size></data>`),
			want: with(func(d *repomd.Data) {
				d.Base = "http://h/?a&b"
				d.Checksum = repomd.Checksum{Type: "sha256", Hex: sha256Hex}
				d.Size = 123
			}),
		},
		{
			name: "empty elements are absent ones",
			doc: document(`<revision/><data type="primary"><checksum type="sha256"/><location href="repodata/primary.xml.gz"/>
				<size/><open-size></open-size><timestamp/><database_version/></data>`),
			want: []repomd.Data{primary},
		},
		{
			// a fraction before 1970 is floored, not cut
			name: "a negative time",
			doc:  document(`<data type="primary"><location href="repodata/primary.xml.gz"/><timestamp>-1.5</timestamp></data>`),
			want: with(func(d *repomd.Data) { d.Timestamp = -2 }),
		},
		{
			name: "two of one type, and one that nobody knows",
			doc:  document(record("repodata/primary.xml.gz") + `<data type="x-new"><location href="x"/></data>` + record("repodata/primary.xml.gz")),
			want: []repomd.Data{primary, {Type: "x-new", Href: "x", Size: -1, OpenSize: -1, HeaderSize: -1}, primary},
		},
		{
			name: "no records",
			doc:  `<repomd/>`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := repomd.Parse([]byte(test.doc))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(r.Data, test.want) {
				t.Errorf("got  %+v\nwant %+v", r.Data, test.want)
			}
			if string(r.Raw) != test.doc {
				t.Error("Raw is not the document")
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	deep := strings.Repeat("<a>", 64) + strings.Repeat("</a>", 64)
	for _, test := range []struct {
		name, doc, want string
	}{
		{"nothing", "", "unexpected EOF"},
		{"no XML", "404 page not found", "text outside"},
		{"HTML", "<html></html>", "want <repomd>"},
		{"the first half", document("")[:80], "unexpected EOF"},
		{"two documents", document("") + document(""), "second root"},
		{"text behind the end", document("") + "x", "text outside"},
		{"tags crossed", document("<a><b></a></b>"), "closed by"},
		{"a DTD", `<!DOCTYPE repomd [<!ENTITY a "b">]>` + document(""), "declarations"},
		{"an entity", document("<revision>&a;</revision>"), "entity"},
		{"a character that is none", document("<revision>&#0;</revision>"), "not XML text"},
		{"a control character", document("<revision>\x01</revision>"), "not XML text"},
		{"Latin-1", document("<revision>\xe9</revision>"), "not XML text"},
		{"declared Latin-1", `<?xml version="1.0" encoding="ISO-8859-1"?><repomd/>`, "want UTF-8"},
		{"65 deep", document(deep), "64 deep"},
		{"a token of 1 MiB", document("<a b='" + strings.Repeat("x", 1<<20) + "'/>"), "over 1048576 bytes"},
		{"a text of 1 MiB", document("<revision>" + strings.Repeat("x", 2<<20) + "</revision>"), "over 1048576 bytes"},
		{"a text of 1 MiB in pieces", document("<revision>x" + strings.Repeat("<![CDATA["+strings.Repeat("x", 1<<19)+"]]>", 3) + "</revision>"), "over 1048576 bytes"},
		{"70,000 elements", document(strings.Repeat("<a/>", 70_000)), "over 65536 elements"},
		{"5,000 records", document(strings.Repeat(record("a"), 5000)), "over 4096 records"},
		{"over 4 MiB", document(strings.Repeat(" ", 4<<20)), "at most 4194304"},
		{"no type", document(`<data><location href="a"/></data>`), "no type"},
		{"no location", document(`<data type="primary"/>`), "no location"},
		{"two locations", document(`<data type="primary"><location href="a"/><location href="b"/></data>`), "given twice"},
		{"two hrefs", document(`<data type="primary"><location href="a" href="b"/></data>`), "given twice"},
		{"an unknown checksum", document(`<data type="primary"><checksum type="crc32">01234567</checksum><location href="a"/></data>`), "unknown checksum"},
		{"a short checksum", document(`<data type="primary"><checksum type="sha256">` + sha1Hex + `</checksum><location href="a"/></data>`), "40 digits, want 64"},
		{"a checksum of no digits", document(`<data type="primary"><checksum type="sha">` + strings.Repeat("z", 40) + `</checksum><location href="a"/></data>`), "hexadecimal"},
		{"a negative size", document(`<data type="primary"><location href="a"/><size>-1</size></data>`), "not a size"},
		{"a size beyond int64", document(`<data type="primary"><location href="a"/><size>9223372036854775808</size></data>`), "not a size"},
		{"a version in words", document(`<data type="primary"><location href="a"/><database_version>` + strings.Repeat("ten", 1000) + `</database_version></data>`), "<database_version>"},
		{"a time in words", document(`<data type="primary"><location href="a"/><timestamp>today</timestamp></data>`), "not a time"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := repomd.Parse([]byte(test.doc))
			switch {
			case err == nil:
				t.Errorf("accepted: %+v", r.Data)
			case !strings.Contains(err.Error(), test.want):
				t.Errorf("error %q does not say %q", err, test.want)
			case strings.Contains(err.Error(), "\n") || len(err.Error()) > 400:
				t.Errorf("not one short line: %q", err)
			}
		})
	}
}

func TestParseHrefs(t *testing.T) {
	for _, test := range []struct {
		href string
		good bool
	}{
		{"repodata/primary.xml.gz", true},
		{"primary.xml.gz", true},
		{"Packages/l/lib++x-1.0~rc1^git1-1.x86_64.rpm", true},
		{"Packages/100%25-legal.rpm", true},
		{"a/..b/c..", true},
		{"a b", true},
		{"", false},
		{".", false},
		{"..", false},
		{"../a", false},
		{"a/../b", false},
		{"./a", false},
		{"a//b", false},
		{"a/", false},
		{"/a", false},
		{"//host/a", false},
		{"http://host/a", false},
		{"file:///etc/passwd", false},
		{`a\..\b`, false},
		{"a&#10;b", false},
		{"%2e%2e/a", false},
		{"a/%2E./b", false},
		{"a%2fb", false},
		{"a%5cb", false},
		{"a%00b", false},
		{strings.Repeat("a", 5000), false},
	} {
		_, err := repomd.Parse([]byte(document(record(test.href))))
		if (err == nil) != test.good {
			t.Errorf("href %.40q: error %v, want accepted %v", test.href, err, test.good)
		}
	}
}

// What createrepo_c wrote comes back byte for byte.
func TestMarshalIsCreaterepos(t *testing.T) {
	names, err := filepath.Glob("testdata/good/*/repodata/repomd.xml")
	if err != nil || len(names) < 10 {
		t.Fatalf("%d fixtures, %v", len(names), err)
	}
	if _, err := os.Stat(centos); err == nil {
		names = append(names, centos+"/repodata/repomd.xml")
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		r, err := repomd.Parse(raw)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		again, err := repomd.Marshal(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if string(again) != string(raw) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, again, raw)
		}
	}
}

func ExampleParse() {
	r, err := repomd.Parse([]byte(`<repomd><revision>7</revision>
		<data type="primary"><location href="repodata/primary.xml.gz"/><timestamp>1480000200</timestamp></data></repomd>`))
	if err != nil {
		panic(err)
	}
	fmt.Println(r.Revision, r.Time().Format("2006-01-02"), r.Data[0].Href)
	// Output: 7 2016-11-24 repodata/primary.xml.gz
}

// A text in 130,000 pieces takes time in proportion, not by its square.
func TestParseManyPieces(t *testing.T) {
	start := time.Now()
	r, err := repomd.Parse([]byte(document("<revision>" + strings.Repeat("x<![CDATA[y]]><!---->", 1<<17) + "</revision>")))
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Repeat("xy", 1<<17); r.Revision != want {
		t.Errorf("a revision of %d bytes, want %d", len(r.Revision), len(want))
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("took %s", took)
	}
}
