package repomd_test

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mirrorctl/repomd"
)

// seed adds the files that match pattern, and what each tool made of them.
func seed(f *testing.F, pattern string, add func(raw []byte)) {
	f.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		f.Fatalf("no seeds %s: %v", pattern, err)
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		add(raw)
	}
}

// inside reports whether href, joined to a directory by someone careless, stays in it.
func inside(href string) bool {
	return strings.HasPrefix(path.Join("/srv/repo", href), "/srv/repo/") && !path.IsAbs(href)
}

// atMost fails if f allocates more than limit bytes.
func atMost(t *testing.T, limit uint64, f func()) {
	t.Helper()
	if used := allocated(f); used > limit {
		t.Errorf("%d MiB allocated", used>>20)
	}
}

func FuzzParse(f *testing.F) {
	seed(f, "testdata/*/*/repodata/repomd.xml", func(raw []byte) { f.Add(raw) })
	f.Add([]byte(document(record("a&amp;b") + `<data type='x'><location href="a" xml:base="b"/><size>1</size><timestamp>1.5</timestamp></data>`)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		atMost(t, 64<<20, func() {
			r, err := repomd.Parse(raw)
			if err != nil {
				return
			}
			for _, d := range r.Data {
				if !inside(d.Href) {
					t.Errorf("href %q leaves the repository", d.Href)
				}
				if _, err := repomd.NewHash(d.Checksum.Type); err != nil && !d.Checksum.IsZero() {
					t.Errorf("checksum %q", d.Checksum)
				}
				if d.Size < -1 || d.OpenSize < -1 || d.HeaderSize < -1 {
					t.Errorf("sizes %d %d %d", d.Size, d.OpenSize, d.HeaderSize)
				}
			}
			written, err := repomd.Marshal(r)
			if err != nil {
				t.Fatalf("cannot be written: %v", err)
			}
			again, err := repomd.Parse(written)
			if err != nil {
				t.Fatalf("cannot be read again: %v\n%s", err, written)
			}
			if len(again.Data) != len(r.Data) || again.Timestamp != r.Timestamp || again.Revision != r.Revision {
				t.Errorf("read %+v\nwritten and read %+v", r, again)
			}
		})
	})
}

func FuzzPackages(f *testing.F) {
	seed(f, "testdata/good/*/repodata/*primary.xml.*", func(raw []byte) {
		content, err := readAll(raw, repomd.UnknownSize)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	})
	f.Add([]byte(wrapPackage(goodLocation + goodChecksum + "<summary>a<!-- --><![CDATA[<b>]]>&#x20;\r\nc</summary>")))
	f.Fuzz(func(t *testing.T, raw []byte) {
		atMost(t, 64<<20, func() {
			got, err := collect(repomd.Packages(bytes.NewReader(raw)))
			for _, p := range got {
				if !inside(p.Href) || p.Name == "" || p.Checksum.IsZero() {
					t.Errorf("%+v", p)
				}
			}
			small, smallErr := collect(repomd.Packages(&oneByte{r: bytes.NewReader(raw)}))
			if !reflect.DeepEqual(got, small) || (err == nil) != (smallErr == nil) {
				t.Errorf("read byte by byte it differs: %v, %v", err, smallErr)
			}
			if err == nil {
				compareWithOracle(t, raw, got)
			}
		})
	})
}

// compareWithOracle holds what was read from an accepted document against encoding/xml, where that
// accepts it too: it is stricter on attributes that nobody asks for.
func compareWithOracle(t *testing.T, raw []byte, got []repomd.Package) {
	next, stop := iter.Pull2(oraclePackages(bytes.NewReader(raw)))
	defer stop()
	for i, p := range got {
		want, err, more := next()
		if err != nil {
			return
		}
		if !more {
			t.Fatalf("encoding/xml sees %d packages, not %d", i, len(got))
		}
		// What is spelled in the oracle's own way is compared by what it says.
		if p.Name != want.Name || p.Href != want.Href || p.Checksum.Hex != want.Checksum.Hex {
			t.Fatalf("package %d\ngot  %+v\nwant %+v", i, p, want)
		}
	}
}

func FuzzDeltas(f *testing.F) {
	seed(f, "testdata/good/delta/repodata/*prestodelta.xml.gz", func(raw []byte) {
		content, err := readAll(raw, repomd.UnknownSize)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	})
	f.Fuzz(func(t *testing.T, raw []byte) {
		atMost(t, 64<<20, func() {
			got, _ := collect(repomd.Deltas(bytes.NewReader(raw)))
			for _, d := range got {
				if !inside(d.Href) || d.Checksum.IsZero() || d.Size < -1 {
					t.Errorf("%+v", d)
				}
			}
		})
	})
}

// FuzzOpen feeds every decoder, under a limit of 1 MiB and under none.
func FuzzOpen(f *testing.F) {
	seed(f, "testdata/good/*/repodata/*.[gbxz]*", func(raw []byte) { f.Add(raw) })
	seed(f, "testdata/broken/*/repodata/primary.xml.gz", func(raw []byte) { f.Add(raw) })
	for _, raw := range bombs(f, 4) {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		const limit = 1 << 20
		// The window of a zstd frame, 128 MiB, is the most that a decoder may take; xz may take
		// four dictionaries of 64 MiB before it has to show content.
		atMost(t, 400<<20, func() {
			content, err := readAll(raw, repomd.Limits{Output: limit})
			if len(content) > limit {
				t.Errorf("%d bytes", len(content))
			}
			if errors.Is(err, io.EOF) {
				t.Errorf("an end that is none: %v", err)
			}
			d := repomd.Data{Href: "a", Size: -1, OpenSize: int64(len(content)), HeaderSize: -1, Checksum: repomd.Checksum{Type: "md5", Hex: strings.Repeat("0", 32)}}
			if _, ok := errors.AsType[*repomd.ChecksumError](d.Check(bytes.NewReader(raw))); !ok {
				t.Errorf("a wrong checksum was not noticed")
			}
		})
	})
}
