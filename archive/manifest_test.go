package archive

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"mirrorctl/mirror"
)

func testEntries() []Entry {
	return []Entry{
		{Path: "t", Type: Dir, Mode: 0o2755, MTime: 1},
		{Path: "t/a", Type: File, Mode: 0o644, Size: 5, MTime: 1479809472131415161, Sum: Sum{1}, Links: 2,
			Claims: []Claim{{By: ByPrimary, In: "t/repodata/primary.xml.gz", Size: 5, Algo: "sha", Hex: "abcd"}}},
		{Path: "t/a-", Type: File, Mode: 0o644, Size: 1, Sum: Sum{3}},
		{Path: "t/b", Type: File, Mode: 0o644, Size: 5, MTime: 1479809472131415161, Sum: Sum{1}, Links: 2, HardLink: "t/a"},
		{Path: "t/d", Type: Dir, Mode: 0o755},
		{Path: "t/d/x", Type: File, Mode: 0o600, Sum: Sum{2}},
		{Path: "t/l <&> ü", Type: Symlink, Mode: 0o777, Target: "../<&>"},
	}
}

func TestManifest(t *testing.T) {
	want := testEntries()
	data, sum, err := encodeManifest(want)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), manifestName(sum))
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
	m, err := OpenManifest(name, sum)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(m.entries) != fmt.Sprint(want) || m.Len() != len(want) || m.Name() != sum {
		t.Errorf("got\n%v, want\n%v", m.entries, want)
	}
	if again, sum2, err := encodeManifest(want); err != nil || sum2 != sum || !bytes.Equal(again, data) {
		t.Errorf("the same entries make another manifest: %v", err)
	}
	for _, e := range want {
		if got, ok := m.Lookup(e.Path); !ok || got.Path != e.Path {
			t.Errorf("lookup %q: %+v", e.Path, got)
		}
	}
	for _, p := range []mirror.Path{"", "t/", "t/aa", "u", "t/d/x/y"} {
		if e, ok := m.Lookup(p); ok {
			t.Errorf("lookup %q: %+v", p, e)
		}
	}
	for dir, want := range map[mirror.Path]string{"t": "t/a t/a- t/b t/d t/l <&> ü", "t/d": "t/d/x", "": "t", "t/a": "", "x": ""} {
		var got []string
		for e := range m.Children(dir) {
			got = append(got, string(e.Path))
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("children of %q: %q, want %q", dir, s, want)
		}
	}
	if _, err := OpenManifest(name, Sum{}); !errors.Is(err, ErrManifest) {
		t.Errorf("opened under another name: %v", err)
	}
}

// Cut or flipped anywhere, a manifest is refused.
func TestManifestDamagedAnywhere(t *testing.T) {
	data, sum, err := encodeManifest(testEntries())
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		if _, err := LoadManifest(bytes.NewReader(data[:i]), sum); err == nil {
			t.Fatalf("cut at %d: nothing was noticed", i)
		}
		bad := bytes.Clone(data)
		bad[i] ^= 0x10
		if _, err := LoadManifest(bytes.NewReader(bad), sum); err == nil {
			t.Fatalf("flipped at %d: nothing was noticed", i)
		}
	}
	if _, err := LoadManifest(bytes.NewReader(append(bytes.Clone(data), 0)), sum); err == nil {
		t.Error("a byte more: nothing was noticed")
	}
}

func packed(lines string) []byte {
	z, _ := zstd.NewWriter(nil)
	return z.EncodeAll([]byte(lines), nil)
}

// What no scan could have found is refused, line by line.
func TestReadManifestRefuses(t *testing.T) {
	const dir = `{"path":"a","type":"dir","mode":493,"mtime":0,"inode":1,"ctime":0,"uid":0,"gid":0}` + "\n"
	for name, lines := range map[string]string{
		"escape":            `{"path":"../etc/passwd","type":"file"}`,
		"absolute":          `{"path":"/etc/passwd","type":"file"}`,
		"the root":          `{"path":"","type":"dir"}`,
		"not clean":         `{"path":"a//b","type":"file"}`,
		"control character": `{"path":"a\u0001","type":"file"}`,
		"device":            `{"path":"a","type":"device"}`,
		"negative size":     `{"path":"a","type":"file","size":-1}`,
		"mode":              `{"path":"a","type":"file","mode":65535}`,
		"target of a file":  `{"path":"a","type":"file","target":"b"}`,
		"symlink to none":   `{"path":"a","type":"symlink"}`,
		"later hard link":   `{"path":"a","type":"file","hardlink":"b"}`,
		"twice":             dir + dir,
		"out of order":      `{"path":"b","type":"file"}` + "\n" + dir,
		"short hash":        `{"path":"a","type":"file","sha256":"abcd"}`,
		"upper-case hash":   `{"path":"a","type":"file","sha256":"` + strings.Repeat("A", 64) + `"}`,
		"not JSON":          `path=a`,
		"a long line":       `{"path":"` + strings.Repeat("a", maxManifestLine) + `","type":"file"}`,
	} {
		var last error
		for _, err := range ReadManifest(bytes.NewReader(packed(lines + "\n"))) {
			last = err
		}
		if !errors.Is(last, ErrManifest) {
			t.Errorf("%s: %v", name, last)
		}
	}
}

// Hard links must lead to their like.
func TestManifestLinks(t *testing.T) {
	for name, change := range map[string]func(e []Entry){
		"nothing there":  func(e []Entry) { e[3].HardLink = "t/0" },
		"a directory":    func(e []Entry) { e[3].HardLink = "t" },
		"another size":   func(e []Entry) { e[3].Size = 6 },
		"another hash":   func(e []Entry) { e[3].Sum = Sum{7} },
		"a link of link": func(e []Entry) { e[5] = Entry{Path: "t/d/x", Type: File, Size: 5, Sum: Sum{1}, HardLink: "t/b"} },
	} {
		entries := testEntries()
		change(entries)
		data, sum, err := encodeManifest(entries)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := LoadManifest(bytes.NewReader(data), sum); !errors.Is(err, ErrManifest) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzManifest(f *testing.F) {
	data, _, err := encodeManifest(testEntries())
	if err != nil {
		f.Fatal(err)
	}
	z, err := zstd.NewReader(nil)
	if err != nil {
		f.Fatal(err)
	}
	lines, err := z.DecodeAll(data, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(lines)
	f.Fuzz(func(t *testing.T, lines []byte) {
		var entries []Entry
		for e, err := range ReadManifest(bytes.NewReader(packed(string(lines)))) {
			if err != nil {
				if !errors.Is(err, ErrManifest) {
					t.Fatal(err)
				}
				return
			}
			entries = append(entries, e)
		}
		// What was accepted survives a round trip, and is found again.
		data, sum, err := encodeManifest(entries)
		if err != nil {
			t.Fatal(err)
		}
		m, err := LoadManifest(bytes.NewReader(data), sum)
		if err != nil {
			if errors.Is(err, ErrManifest) {
				return // a hard link to what is not its like
			}
			t.Fatal(err)
		}
		for _, e := range entries {
			if _, ok := m.Lookup(e.Path); !ok || e.Path.FS() == "." || strings.HasPrefix(string(e.Path), "..") {
				t.Fatalf("%q", e.Path)
			}
		}
	})
}
