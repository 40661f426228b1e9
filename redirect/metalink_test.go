package redirect_test

import (
	"bytes"
	"encoding/xml"
	"net/url"
	"slices"
	"strings"
	"testing"

	"mirrorctl/mirror"
	"mirrorctl/redirect"
)

const head = `<?xml version="1.0" encoding="utf-8"?>
<metalink version="3.0" xmlns="http://www.metalinker.org/" type="dynamic" pubdate="Sat, 21 Nov 2026 08:00:00 GMT" generator="mirrormanager" xmlns:mm0="http://fedorahosted.org/mirrormanager">
`

// The document that librepo 1.14.5 accepted, to the byte; old clients take no other indentation for granted.
const sampleMetalink = head + ` <files>
  <file name="repomd.xml">
   <mm0:timestamp>1795244400</mm0:timestamp>
   <size>3060</size>
   <verification>
    <hash type="md5">daca9632030faa49141e667f8d306cbc</hash>
    <hash type="sha1">8f6ad32f936044d22144a343f4bf2f7826bd5513</hash>
    <hash type="sha256">9d6e45d2479391fb7bbee98e6f96985712892ad903ded692dd6f5cefbf86c46a</hash>
    <hash type="sha512">2b6354f42ee261f84d7927ad3dd7b19db52f8daae90de3c5693e05ea58e88eb1462fb2c183c0eb7272ddeb9c22cb52d095e61c5b2b6fa31745e0d62a54404142</hash>
   </verification>
   <mm0:alternates>
    <mm0:alternate>
      <mm0:timestamp>1795240800</mm0:timestamp>
      <size>3069</size>
      <verification>
       <hash type="md5">43bc9eef7773b7b3019575829891099a</hash>
       <hash type="sha1">3810f82fed9c86ba5bbb43ff1f82ae5e989fd7d3</hash>
       <hash type="sha256">7a09cbfbde214b673e65628a9ec7efd56d2d18c58b369e15801a265214058378</hash>
       <hash type="sha512">a296c1b5b3953a11778d47787e8fb29c69d4a4f8dc500e5385ea64a7cdb5ff49e6f5c1236040f30c2dbd20bb04be5d4a68d23411096f3ff5fffd3c29dc91fdbb</hash>
      </verification>
    </mm0:alternate>
   </mm0:alternates>
   <resources maxconnections="1">
    <url protocol="https" type="https" location="DE" preference="100">https://ftp.example.de/rpmfusion/free/fedora/releases/43/Everything/x86_64/os/repodata/repomd.xml</url>
    <url protocol="rsync" type="rsync" location="DE" preference="100">rsync://ftp.example.de/rpmfusion/free/fedora/releases/43/Everything/x86_64/os/repodata/repomd.xml</url>
    <url protocol="http" type="http" location="US" preference="99" mm0:private="True">http://mirror.corp.example/rpmfusion/free/fedora/releases/43/Everything/x86_64/os/repodata/repomd.xml</url>
   </resources>
  </file>
 </files>
</metalink>
`

// resources of a document: its <url> lines.
func resources(body string) (urls []string) {
	for line := range strings.SplitSeq(body, "\n") {
		if strings.HasPrefix(line, "    <url ") {
			urls = append(urls, strings.TrimSpace(line))
		}
	}
	return urls
}

func TestMetalinkSample(t *testing.T) {
	s := site{options: redirect.Options{Selector: sample}}.snapshot(t)
	a := redirect.Metalink(s, redirect.ParseQuery("repo=free-fedora-43&arch=x86_64"), byHTTPS)
	if a.Status != 200 || a.ContentType != "application/metalink+xml" || a.Outcome != redirect.OutcomeActive {
		t.Errorf("%d %q %s", a.Status, a.ContentType, a.Outcome)
	}
	if string(a.Body) != sampleMetalink {
		t.Errorf("body\n%s\nwant\n%s", a.Body, sampleMetalink)
	}
}

func TestMetalinkURLs(t *testing.T) {
	const (
		f43   = "repo=free-fedora-43&arch=x86_64"
		f25   = "repo=free-fedora-25&arch=x86_64"
		md43  = "free/fedora/releases/43/Everything/x86_64/os/repodata/repomd.xml</url>"
		md25  = "free/fedora/releases/25/Everything/x86_64/os/repodata/repomd.xml</url>"
		http  = `<url protocol="http" type="http" location="" preference="100">http://`
		https = `<url protocol="https" type="https" location="" preference="100">https://`
	)
	tests := []struct {
		name, query string
		client      redirect.Client
		want        string
	}{
		{"active, by https", f43, byHTTPS, https + "dl.example.org/" + md43},
		{"active, by http: one URL of one host", f43, byHTTP, http + "dl.example.org/" + md43},
		{"archived, by https", f25, byHTTPS, https + "archive.example.org/" + md25},
		{"archived, by http: never upgraded", f25, byHTTP, http + "archive.example.org/" + md25},
		{"protocol", f25 + "&protocol=https", byHTTP, https + "archive.example.org/" + md25},
		{"redirect means nothing here", f25 + "&redirect=1", byHTTP, http + "archive.example.org/" + md25},
		{
			"the repomd.xml, by its path", "path=free/fedora/updates/43/x86_64/repodata/repomd.xml", byHTTPS,
			https + "dl.example.org/free/fedora/updates/43/x86_64/repodata/repomd.xml</url>",
		},
		{"any file", "path=free/fedora/releases/25/x%2b%2b.iso", byHTTP, http + "archive.example.org/free/fedora/releases/25/x%2B%2B.iso</url>"},
		{"a file with a hard name", "path=free/fedora/releases/43/a%26b <c>.iso", byHTTP, http + "dl.example.org/free/fedora/releases/43/a&amp;b%20%3Cc%3E.iso</url>"},
	}
	s := site{}.snapshot(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := redirect.Metalink(s, redirect.ParseQuery(tt.query), tt.client)
			if got := resources(string(a.Body)); a.Status != 200 || !slices.Equal(got, []string{tt.want}) {
				t.Errorf("%d\n%q\nwant\n%q", a.Status, got, tt.want)
			}
		})
	}
}

// A file other than repomd.xml has one version; what is not known of it is left out.
func TestMetalinkOfFile(t *testing.T) {
	s := site{}.snapshot(t)
	a := redirect.Metalink(s, redirect.ParseQuery("path=free/fedora/releases/43/a%26b <c>.iso"), byHTTPS)
	want := head + ` <files>
  <file name="a&amp;b &lt;c&gt;.iso">
   <size>7</size>
   <verification>
    <hash type="sha256">9d6e45d2479391fb7bbee98e6f96985712892ad903ded692dd6f5cefbf86c46a</hash>
   </verification>
   <resources maxconnections="1">
    <url protocol="https" type="https" location="" preference="100">https://dl.example.org/free/fedora/releases/43/a&amp;b%20%3Cc%3E.iso</url>
   </resources>
  </file>
 </files>
</metalink>
`
	// "&#38;" and "&amp;" are the same character to every reader.
	if got := strings.NewReplacer("&#38;", "&amp;").Replace(string(a.Body)); got != want {
		t.Errorf("body\n%s\nwant\n%s", got, want)
	}
}

func TestMetalinkRefusals(t *testing.T) {
	tests := []struct {
		name, query string
		status      int
		comment     string
		outcome     string
	}{
		{"no parameter", "", 200, "# either path=, or repo= and arch= must be specified", "missing_parameter"},
		{"unknown", "repo=x&arch=y", 200, "# repo = x arch = y " + available, "unknown_repo"},
		{"a name that would end the comment", "repo=x--><!--&arch=y", 200, "# repo = x-%2D%3E%3C!-%2D arch = y " + available, "unknown_repo"},
		{"disabled", "repo=free-fedora-updates-released-43&arch=x86_64", 200, "repo disabled", "disabled"},
		{"path", "path=free/nothing", 404, "error: invalid path", "unknown_path"},
		{"ip", "repo=free-fedora-43&arch=x86_64&ip=x", 400, "Cannot parse client IP address. Aborting.", "bad_ip"},
		{
			"no generation is loaded", "repo=nonfree-fedora-43&arch=x86_64", 404,
			"nonfree/fedora/releases/43/Everything/x86_64/os/repodata/repomd.xml not found or has not metalink", "no_metalink",
		},
		{"a file without hashes", "path=free/README", 404, "free/README not found or has not metalink", "no_metalink"},
		{"a directory", "path=free/fedora/updates/43", 404, "free/fedora/updates/43/ not found or has not metalink", "no_metalink"},
	}
	s := site{options: redirect.Options{Disabled: map[string]bool{"free-fedora-updates-released-43": true}}}.snapshot(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := redirect.Metalink(s, redirect.ParseQuery(tt.query), byHTTPS)
			want := head + "<!-- " + tt.comment + "\n-->\n</metalink>\n"
			if string(a.Body) != want {
				t.Errorf("body\n%s\nwant\n%s", a.Body, want)
			}
			if a.Status != tt.status || a.ContentType != "application/metalink+xml" || a.Outcome.String() != tt.outcome {
				t.Errorf("%d %q %s", a.Status, a.ContentType, a.Outcome)
			}
			if _, err := readMetalink(a.Body); err != nil {
				t.Error(err)
			}
		})
	}
}

// readMetalink reads a document as strictly as encoding/xml can and returns its URLs.
func readMetalink(body []byte) (urls []string, err error) {
	var doc struct {
		XMLName xml.Name `xml:"http://www.metalinker.org/ metalink"`
		Files   []struct {
			URLs []struct {
				Protocol string `xml:"protocol,attr"`
				URL      string `xml:",chardata"`
			} `xml:"resources>url"`
		} `xml:"files>file"`
	}
	if err := xml.Unmarshal(body, &doc); err != nil {
		return nil, err
	}
	for _, f := range doc.Files {
		for _, u := range f.URLs {
			urls = append(urls, u.URL)
		}
	}
	return urls, nil
}

// everyPath is a Metadata to which every path is a file, and of which it knows file.
type everyPath struct {
	sums
	file redirect.File
}

func (e everyPath) Entry(mirror.Path, bool) (redirect.Entry, bool) {
	return redirect.Entry{File: e.file}, true
}

// A name on disk may hold what no XML document may.
func TestMetalinkOfHardNames(t *testing.T) {
	known, unknown := site{metadata: everyPath{file: newest.File}}.snapshot(t), site{metadata: everyPath{}}.snapshot(t)
	for _, name := range []string{"a%EF%BF%BE", "a%EF%BF%BF--b---", "--><x>", "%22%27%26%3C]]>"} {
		for status, s := range map[int]*redirect.Snapshot{200: known, 404: unknown} {
			a := redirect.Metalink(s, redirect.ParseQuery("path=free/"+name), byHTTP)
			if _, err := readMetalink(a.Body); err != nil || a.Status != status {
				t.Errorf("%s: %d, %v\n%s", name, a.Status, err, a.Body)
			}
			if bytes.ContainsAny(a.Body, "\ufffe\uffff") { // encoding/xml overlooks them in a comment, libxml2 does not
				t.Errorf("%s: %d holds what is no XML character", name, status)
			}
		}
	}
}

func FuzzMetalink(f *testing.F) {
	for _, seed := range []string{
		"repo=free-fedora-43&arch=x86_64", "repo=free-fedora-25&arch=x86_64&protocol=http", "repo=--><x>&arch=%00", "repo=%ff%fe&arch=-",
		"path=free/fedora/updates/25/%EF%BF%BE.iso", "path=//evil.example/x", "path=a?b&ip=1", "path=--", "path=http://evil.example/", "path=%C2%85]]>",
	} {
		f.Add(seed, true)
	}
	known, unknown := site{metadata: everyPath{file: newest.File}}.snapshot(f), site{metadata: everyPath{}}.snapshot(f)
	f.Fuzz(func(t *testing.T, query string, secure bool) {
		s := known
		if len(query)%2 == 1 {
			s = unknown
		}
		client, q := byHTTP, redirect.ParseQuery(query)
		if secure {
			client = byHTTPS
		}
		a := redirect.Metalink(s, q, client)
		urls, err := readMetalink(a.Body)
		if err != nil {
			t.Fatalf("%q is not well formed: %v\n%s", query, err, a.Body)
		}
		m := redirect.Mirrorlist(s, q, client)
		if m.ContentType != "" {
			for line := range strings.Lines(string(m.Body)) {
				if !strings.HasPrefix(line, "#") {
					urls = append(urls, strings.TrimSuffix(line, "\n"))
				}
			}
			if m.Location != "" {
				urls = append(urls, m.Location)
			}
		}
		for _, raw := range urls {
			u, err := url.Parse(raw)
			if err != nil || u.Host != "dl.example.org" && u.Host != "archive.example.org" || u.RawQuery != "" {
				t.Fatalf("%q names %q (%v)", query, raw, err)
			}
		}
	})
}

func BenchmarkMetalink(b *testing.B) {
	s := site{}.snapshot(b)
	b.ReportAllocs()
	for b.Loop() {
		redirect.Metalink(s, redirect.ParseQuery("repo=free-fedora-25&arch=x86_64"), byHTTP)
	}
}
