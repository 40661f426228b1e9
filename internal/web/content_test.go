package web_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mirrorctl/internal/web"
)

var modified = time.Date(2016, 11, 22, 10, 0, 0, 123456789, time.UTC)

// inMemory is a body of n bytes that nowhere repeats itself for long.
func inMemory(n int) web.Content {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(data)
	return web.Content{Name: "primary.xml.gz", Bytes: data, ModTime: modified, SHA256: sha256.Sum256(data), CacheControl: "public, max-age=60"}.Prepared()
}

// onDisk is the same content from a file.
func onDisk(t testing.TB, c web.Content) web.Content {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, c.Bytes, 0o600); err != nil {
		t.Fatal(err)
	}
	return web.Content{
		Name: c.Name, Size: int64(len(c.Bytes)), ModTime: c.ModTime, SHA256: c.SHA256, CacheControl: c.CacheControl,
		Open: func() (io.ReadSeekCloser, error) { return os.Open(name) },
	}
}

var anEdge = sync.OnceValue(func() *web.Edge { return newEdge(&testing.B{}, nil) })

// serve runs ServeContent behind an Edge.
func serve(t testing.TB, c web.Content, method string, header http.Header) *http.Response {
	t.Helper()
	h := anEdge().Wrap(func(w http.ResponseWriter, r *http.Request) error { return web.ServeContent(w, r, c) })
	r := httptest.NewRequest(method, "/"+c.Name, nil)
	r.Header = header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func text(t testing.TB, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestServeContentHeaders(t *testing.T) {
	c := inMemory(1000)
	r := serve(t, c, "GET", nil)
	want := map[string]string{
		"Content-Type": "application/gzip", "Content-Length": "1000", "Accept-Ranges": "bytes",
		"Etag": fmt.Sprintf("\"%x\"", c.SHA256), "Last-Modified": "Tue, 22 Nov 2016 10:00:00 GMT", "Cache-Control": "public, max-age=60",
		"Content-Encoding": "", "Vary": "",
	}
	for k, v := range want {
		if got := r.Header.Get(k); got != v {
			t.Errorf("%s: %q, want %q", k, got, v)
		}
	}
	if d := r.Header.Get("Repr-Digest"); !strings.HasPrefix(d, "sha-256=:") || !strings.HasSuffix(d, "=:") {
		t.Errorf("Repr-Digest: %q", d)
	}
	unknown := web.Content{Name: "a.rpm", Bytes: c.Bytes, ModTime: modified}
	r = serve(t, unknown, "GET", nil)
	if etag := r.Header.Get("Etag"); etag != fmt.Sprintf(`"%x-3e8"`, modified.UnixNano()) || r.Header.Get("Repr-Digest") != "" {
		t.Errorf("hash unknown: Etag %s, Repr-Digest %q", etag, r.Header.Get("Repr-Digest"))
	}
}

// oracle answers with net/http's own ServeContent and the same headers.
func oracle(c web.Content, method string, header http.Header) *http.Response {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, "/", nil)
	r.Header = header.Clone()
	w.Header().Set("Etag", c.ETag())
	w.Header().Set("Content-Type", "application/gzip")
	http.ServeContent(w, r, c.Name, c.ModTime, bytes.NewReader(c.Bytes))
	return w.Result()
}

// parts takes a multipart answer apart: "range: bytes" for each part.
func parts(t *testing.T, r *http.Response) (all []string) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/byteranges" {
		t.Fatalf("Content-Type %q: %v", r.Header.Get("Content-Type"), err)
	}
	for m := multipart.NewReader(r.Body, params["boundary"]); ; {
		p, err := m.NextPart()
		if err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p.Header.Get("Content-Type")+" "+p.Header.Get("Content-Range")+": "+string(b))
	}
}

// The standard library is the oracle for all combinations of conditions and ranges, except where it
// departs from RFC 9110 on purpose or by accident; those are in TestServeContentDeparts.
func TestServeContentLikeTheStandardLibrary(t *testing.T) {
	const size = 1000
	mem := inMemory(size)
	bodies := map[string]web.Content{"memory": mem, "file": onDisk(t, mem)}
	etag, other, weak := mem.ETag(), `"other"`, "W/"+mem.ETag()
	at := modified.Format(http.TimeFormat)
	before, after := modified.Add(-time.Hour).Format(http.TimeFormat), modified.Add(time.Hour).Format(http.TimeFormat)
	tags := []string{"", "", "", etag, other, weak, "*", other + ", " + etag, other + "," + weak + ",", ",, " + etag, "nonsense", `"unclosed`}
	dates := []string{"", "", "", at, before, after, "yesterday"}
	ranges := []string{
		"", "bytes=0-0", "bytes=0-", "bytes=500-", "bytes=999-", "bytes=1000-", "bytes=-1", "bytes=-999", "bytes=-5000", "bytes=10-20",
		"bytes=10-5000", "bytes=0-9,20-29", "bytes=0-9,20-29,-5", "bytes=0-9, 990-2000 ,", "bytes=2000-,5-6", "bytes=2000-,3000-", "bytes=5-4",
		"bytes=a-b", "bytes=-", "bytes=--1", "bytes=1", "bytes=", "bytes=,", "bytes=0-999,0-999", "bytes= 0-1", "bytes=0 - 1",
	}
	rng := rand.New(rand.NewPCG(1, 2))
	pick := func(s []string) string { return s[rng.IntN(len(s))] }
	seen := map[int]int{}
	for range 10_000 {
		h := http.Header{}
		for k, v := range map[string]string{
			"If-Match": pick(tags), "If-None-Match": pick(tags), "If-Modified-Since": pick(dates), "If-Unmodified-Since": pick(dates),
			"If-Range": pick([]string{"", "", etag, other, weak, at, before, "nonsense"}), "Range": pick(ranges),
		} {
			if v != "" && rng.IntN(2) == 0 {
				h.Set(k, v)
			}
		}
		method := pick([]string{"GET", "GET", "HEAD"})
		if method == "HEAD" {
			h.Del("Range") // see TestServeContentDeparts
		}
		for name, c := range bodies {
			want, got := oracle(mem, method, h), serve(t, c, method, h)
			seen[got.StatusCode]++
			same := want.StatusCode == got.StatusCode
			keys := []string{"Content-Range", "Etag", "Last-Modified", "Accept-Ranges"}
			switch {
			case got.StatusCode >= 400:
				keys = []string{}
			case got.StatusCode == http.StatusNotModified:
				keys = []string{"Etag"}
			case strings.HasPrefix(got.Header.Get("Content-Type"), "multipart/") && method == "GET":
				n := got.ContentLength
				if a, b := parts(t, want), parts(t, got); strings.Join(a, "|") != strings.Join(b, "|") {
					same = false
				}
				if n < 0 {
					t.Fatal("multipart without Content-Length")
				}
			default:
				keys = append(keys, "Content-Length", "Content-Type")
				same = same && text(t, want) == text(t, got)
			}
			for _, k := range keys {
				same = same && want.Header.Get(k) == got.Header.Get(k)
			}
			if !same {
				t.Fatalf("%s %s %v:\nstandard library: %d %v\nours:             %d %v", name, method, h, want.StatusCode, want.Header, got.StatusCode, got.Header)
			}
		}
	}
	for _, code := range []int{200, 206, 304, 412, 416} {
		if seen[code] < 100 {
			t.Errorf("only %d answers of %d: the test looks at nothing", seen[code], code)
		}
	}
}

func TestServeContentDeparts(t *testing.T) {
	many := "bytes=" + strings.Repeat("0-0,", 256) + "1-1"
	for _, c := range []struct {
		name, method string
		size         int
		ranges       []string
		status       int
	}{
		{"Range is defined for GET alone", "HEAD", 1000, []string{"bytes=0-9"}, 200},
		{"an unknown unit is ignored", "GET", 1000, []string{"chapters=1-2"}, 200},
		{"an empty suffix cannot be satisfied", "GET", 1000, []string{"bytes=-0"}, 416},
		{"a sign is no digit", "GET", 1000, []string{"bytes=+1-5"}, 416},
		{"a huge end is the end", "GET", 1000, []string{"bytes=5-99999999999999999999"}, 206},
		{"a huge start lies behind the end", "GET", 1000, []string{"bytes=99999999999999999999-"}, 416},
		{"257 ranges of a small body: all of it", "GET", 1000, []string{many}, 200},
		{"257 ranges of a large body: no", "GET", 2 << 20, []string{many}, 416},
		{"ranges that add up to more than the body, small", "GET", 1000, []string{"bytes=0-,0-"}, 200},
		{"ranges that add up to more than the body, large", "GET", 2 << 20, []string{"bytes=0-,0-"}, 416},
		{"a header over 16 KiB", "GET", 1000, []string{"bytes=" + strings.Repeat(" ", 17<<10) + "0-1"}, 200},
		{"two Range headers", "GET", 1000, []string{"bytes=0-1", "bytes=2-3"}, 200},
		{"an empty body has no range", "GET", 0, []string{"bytes=0-"}, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := serve(t, inMemory(c.size), c.method, http.Header{"Range": c.ranges})
			if r.StatusCode != c.status {
				t.Errorf("status %d, want %d", r.StatusCode, c.status)
			}
			if want := fmt.Sprintf("bytes */%d", c.size); c.status == 416 && r.Header.Get("Content-Range") != want {
				t.Errorf("Content-Range %q, want %q", r.Header.Get("Content-Range"), want)
			}
			if n := len(text(t, r)); c.method == "GET" && c.status == 200 && n != c.size {
				t.Errorf("%d bytes of %d", n, c.size)
			}
		})
	}
}

// zchunk asks for up to 256 ranges in one request, and before 1.3 it found the parts with this form of regular expression.
func TestMultipartAsZchunkReadsIt(t *testing.T) {
	c := inMemory(100_000)
	var spec []string
	for i := range 256 {
		spec = append(spec, fmt.Sprintf("%d-%d", i*300, i*300+99))
	}
	for name, c := range map[string]web.Content{"memory": c, "file": onDisk(t, c)} {
		t.Run(name, func(t *testing.T) {
			r := serve(t, c, "GET", http.Header{"Range": {"bytes=" + strings.Join(spec, ",")}})
			if r.StatusCode != 206 {
				t.Fatal(r.Status)
			}
			boundary, ok := strings.CutPrefix(r.Header.Get("Content-Type"), "multipart/byteranges; boundary=")
			if !ok || strings.ContainsAny(boundary, `" `) {
				t.Fatal(r.Header.Get("Content-Type"))
			}
			body := text(t, r)
			if want := r.Header.Get("Content-Length"); want != strconv.Itoa(len(body)) {
				t.Errorf("Content-Length %s, body %d", want, len(body))
			}
			for i := range 256 {
				data := inMemory(100_000).Bytes[i*300 : i*300+100]
				head := fmt.Sprintf("\r\n--%s\r\nContent-Type: application/gzip\r\nContent-Range: bytes %d-%d/100000\r\n\r\n", boundary, i*300, i*300+99)
				rest, ok := strings.CutPrefix(body, head+string(data))
				if !ok {
					t.Fatalf("part %d: %q", i, body[:min(200, len(body))])
				}
				body = rest
			}
			if body != "\r\n--"+boundary+"--\r\n" {
				t.Errorf("end: %q", body)
			}
		})
	}
}

func TestTenThousandRangesAreCheap(t *testing.T) {
	header := http.Header{"Range": {"bytes=" + strings.TrimSuffix(strings.Repeat("0-0,", 10_000), ",")}}
	c := inMemory(2 << 20)
	start := time.Now()
	const n = 100
	for range n {
		if r := serve(t, c, "GET", header); r.StatusCode != 416 {
			t.Fatal(r.Status)
		}
	}
	if each := time.Since(start) / n; each > time.Millisecond {
		t.Errorf("%v a request, want at most 1ms", each)
	}
}

func TestMediaType(t *testing.T) {
	for name, want := range map[string]string{
		"repomd.xml": "text/xml", "abc-primary.xml.gz": "application/gzip", "abc-primary.xml.zst": "application/zstd", "x-modules.yaml.xz": "application/x-xz",
		"a-1-1.fc25.x86_64.rpm": "application/x-rpm", "a.DRPM": "application/x-rpm", "primary.xml.zck": "application/x-zchunk", "RPM-GPG-KEY-rpmfusion-free-fedora-25": "text/plain; charset=utf-8",
		"vmlinuz": "application/octet-stream", "rpm": "application/octet-stream", ".treeinfo": "text/plain; charset=utf-8", "Fedora-25-CHECKSUM": "text/plain; charset=utf-8", "": "application/octet-stream",
	} {
		if got := web.MediaType(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func FuzzRange(f *testing.F) {
	for _, s := range []string{"bytes=0-9", "bytes=-1", "bytes=1-,3-4", "bytes=" + strings.Repeat("1-1,", 300), "x=1", "bytes=99999999999999999999-"} {
		f.Add(s, 1000)
	}
	f.Fuzz(func(t *testing.T, spec string, size int) {
		size = min(max(size, 0), 5000)
		c := inMemory(size)
		r := serve(t, c, "GET", http.Header{"Range": {spec}})
		switch r.StatusCode {
		case 200:
			if text(t, r) != string(c.Bytes) {
				t.Fatal("200 with another body")
			}
		case 206:
			if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
				for _, p := range parts(t, r) {
					var from, to, of int
					if _, err := fmt.Sscanf(p, "application/gzip bytes %d-%d/%d:", &from, &to, &of); err != nil {
						t.Fatal(err)
					}
					if _, data, _ := strings.Cut(p, ": "); of != size || data != string(c.Bytes[from:to+1]) {
						t.Fatalf("part %d-%d/%d has other bytes", from, to, of)
					}
				}
				return
			}
			var from, to, of int
			if _, err := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &of); err != nil {
				t.Fatal(err)
			}
			if of != size || text(t, r) != string(c.Bytes[from:to+1]) {
				t.Fatalf("%d-%d/%d has other bytes", from, to, of)
			}
		case 416:
		default:
			t.Fatal(r.Status)
		}
	})
}

func BenchmarkServeContent(b *testing.B) {
	c := inMemory(3000)
	file := onDisk(b, c)
	for name, h := range map[string]http.HandlerFunc{
		"memory": func(w http.ResponseWriter, r *http.Request) { web.ServeContent(w, r, c) },
		"memory/std": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Etag", c.ETag())
			w.Header().Set("Content-Type", "application/gzip")
			http.ServeContent(w, r, "", c.ModTime, bytes.NewReader(c.Bytes))
		},
		"file":           func(w http.ResponseWriter, r *http.Request) { web.ServeContent(w, r, file) },
		"memory/edge":    newEdge(b, nil).Wrap(func(w http.ResponseWriter, r *http.Request) error { return web.ServeContent(w, r, c) }).ServeHTTP,
		"memory/edgelog": newEdge(b, web.NewAccessLog(io.Discard, web.Combined, nil)).Wrap(func(w http.ResponseWriter, r *http.Request) error { return web.ServeContent(w, r, c) }).ServeHTTP,
	} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest("GET", "/x", nil)
			r.Header.Set("User-Agent", "libdnf (Fedora Linux 42; workstation; Linux.x86_64)")
			w := nowhere{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.h)
				h(w, r)
			}
		})
	}
}

type nowhere struct{ h http.Header }

func (n nowhere) Header() http.Header         { return n.h }
func (n nowhere) WriteHeader(int)             {}
func (n nowhere) Write(b []byte) (int, error) { return len(b), nil }

// closes counts how often a file was closed.
type closes struct {
	io.ReadSeeker
	n int
}

func (c *closes) Close() error { c.n++; return nil }

// A file that was opened to be looked at must not stay open because nothing of it was sent.
func TestAnOpenFileIsClosedWhateverIsAnswered(t *testing.T) {
	whole := inMemory(1000)
	for _, tt := range []struct {
		name, method, header, value string
		status                      int
	}{
		{"whole", "GET", "", "", 200},
		{"head", "HEAD", "", "", 200},
		{"not modified", "GET", "If-None-Match", whole.ETag(), 304},
		{"precondition failed", "GET", "If-Match", `"other"`, 412},
		{"no such range", "GET", "Range", "bytes=2000-", 416},
		{"a range", "GET", "Range", "bytes=0-9", 206},
		{"two ranges", "GET", "Range", "bytes=0-9,500-509", 206},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := &closes{ReadSeeker: bytes.NewReader(whole.Bytes)}
			c := web.Content{Name: whole.Name, Size: whole.Size, ModTime: whole.ModTime, SHA256: whole.SHA256, File: file}
			header := http.Header{}
			if tt.header != "" {
				header.Set(tt.header, tt.value)
			}
			if r := serve(t, c, tt.method, header); r.StatusCode != tt.status {
				t.Errorf("status %d, want %d", r.StatusCode, tt.status)
			}
			if file.n != 1 {
				t.Errorf("closed %d times", file.n)
			}
		})
	}
}
