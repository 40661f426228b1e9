package index_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/google/rpmpack"

	"mirrorctl/repomd/index"
)

const equal = 8 // the sense bit of "="

func TestReadPackage(t *testing.T) {
	data := player(t)
	p, err := index.ReadPackage(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.NEVRA(); got != "player-1:1.2-3.fc25.x86_64" {
		t.Errorf("NEVRA is %s", got)
	}
	fields := map[string][2]any{
		"Summary":     {p.Summary, "Plays"},
		"Description": {p.Description, "Plays\nall"},
		"Vendor":      {p.Vendor, "V"},
		"URL":         {p.URL, "http://u/"},
		"Packager":    {p.Packager, "P"},
		"Group":       {p.Group, "G"},
		"License":     {p.License, "GPL"},
		"BuildHost":   {p.BuildHost, "h"},
		"SourceRPM":   {p.SourceRPM, "player-1.2-3.fc25.src.rpm"},
		"BuildTime":   {p.BuildTime, buildTime.Unix()},
		"Size":        {p.Size, int64(len(data))},
		"Provides":    {p.Provides, []index.Dependency{{"player(api)", equal, "2"}, {"player", equal, "1.2-3.fc25"}}},
		"Obsoletes":   {p.Obsoletes, []index.Dependency{{"gramophone", 2 | equal, "0.1"}}},
		"Conflicts":   {p.Conflicts, []index.Dependency{{"rival", 2, "2"}}},
		"Recommends":  {p.Recommends, []index.Dependency{{"codec", 4 | equal, "4"}}},
		"Suggests":    {p.Suggests, []index.Dependency{{"skin", 0, ""}}},
		"Files": {p.Files, []index.File{
			{Dir: "/usr/bin/", Name: "player", Mode: 0o100755},
			{Dir: "/usr/share/", Name: "player", IsDir: true, Mode: 0o40755},
			{Dir: "/var/log/", Name: "player.log", Ghost: true, Mode: 0o100644},
		}},
		"Changelogs": {p.Changelogs, []index.Changelog{{"New <n@x> - 1.2-3", 1479729600, "- new"}, {"Old <o@x> - 1.2-2", 1479643200, "- old"}}},
	}
	for name, f := range fields {
		if !reflect.DeepEqual(f[0], f[1]) {
			t.Errorf("%s is %v, want %v", name, f[0], f[1])
		}
	}
	if !bytes.Equal(data[p.HeaderStart:][:3], []byte{0x8e, 0xad, 0xe8}) || p.HeaderEnd >= p.Size || !strings.Contains(string(data[p.HeaderStart:p.HeaderEnd]), "gramophone") {
		t.Errorf("the header is not at %d to %d", p.HeaderStart, p.HeaderEnd)
	}
}

// TestReadPackageShortReads gives a byte at a time, as a network filesystem may.
func TestReadPackageShortReads(t *testing.T) {
	data := player(t)
	if _, err := index.ReadPackage(dribble{bytes.NewReader(data)}, int64(len(data))); err != nil {
		t.Fatal(err)
	}
}

type dribble struct{ io.ReaderAt }

func (d dribble) ReadAt(p []byte, off int64) (int, error) {
	return d.ReaderAt.ReadAt(p[:min(1, len(p))], off)
}

// TestReadPackageManyFiles is a header of over 32 MiB, as one package of 300,000 files has: the library
// alone refuses it.
func TestReadPackageManyFiles(t *testing.T) {
	const n = 300_000
	data := pack(t, rpmpack.RPMMetaData{Name: "many", Version: "1", Release: "1"}, func(p *rpmpack.RPM) {
		bases, digests := make([]string, n), make([]string, n)
		for i := range n {
			bases[i], digests[i] = fmt.Sprintf("a-file-with-a-long-name-%030d", i), strings.Repeat("d", 64)
		}
		p.AddCustomTag(1117, rpmpack.EntryStringSlice(bases))
		p.AddCustomTag(1035, rpmpack.EntryStringSlice(digests))
		p.AddCustomTag(1116, rpmpack.EntryUint32(make([]uint32, n)))
		p.AddCustomTag(1118, rpmpack.EntryStringSlice([]string{"/usr/share/many/"}))
	})
	p, err := index.ReadPackage(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if p.HeaderEnd-p.HeaderStart <= 32<<20 || len(p.Files) != n || p.Files[n-1].Path() != fmt.Sprintf("/usr/share/many/a-file-with-a-long-name-%030d", n-1) {
		t.Errorf("%d files in a header of %d bytes", len(p.Files), p.HeaderEnd-p.HeaderStart)
	}
}

// Offsets in every RPM file: the intro of the signature header holds its entry count and store size.
const (
	sigEntries = 96 + 8
	sigStore   = 96 + 12
)

// header finds the offset of the second header.
func header(data []byte) int { return 97 + bytes.Index(data[97:], []byte{0x8e, 0xad, 0xe8, 1}) }

// entry finds the index entry of a tag in the header.
func entry(data []byte, tag uint32) []byte {
	h := header(data)
	for i := h + 16; ; i += 16 {
		if binary.BigEndian.Uint32(data[i:]) == tag {
			return data[i:][:16]
		}
	}
}

var put = binary.BigEndian.PutUint32

func TestReadPackageRefuses(t *testing.T) {
	tests := []struct {
		name  string
		spoil func([]byte) []byte
		want  string
	}{
		{"nothing", func(b []byte) []byte { return nil }, "lead: needs 96 bytes"},
		{"not an RPM", func(b []byte) []byte { b[0] = 'X'; return b }, "not an RPM package"},
		{"a lead and no more", func(b []byte) []byte { return b[:96] }, "signature header: needs 16 bytes"},
		{"no magic", func(b []byte) []byte { b[96] = 0; return b }, "signature header: bad magic"},
		{"512 MB from 176 bytes", func(b []byte) []byte { put(b[sigEntries:], 2<<20); return b[:176] }, "2097152 entries, at most 65535"},
		{"a store of 4 GiB", func(b []byte) []byte { put(b[sigStore:], 1<<32-1); return b }, "signature header: store of 4294967295 bytes"},
		{"a store beyond the file", func(b []byte) []byte { put(b[sigStore:], 32<<20); return b }, "the file has"},
		{"an index beyond the file", func(b []byte) []byte { put(b[header(b)+8:], 60000); return b }, "header: 60000 entries"},
		{"cut in the header", func(b []byte) []byte { return b[:header(b)+100] }, "the file has"},
		{"cut in the payload", func(b []byte) []byte { return b[:len(b)-1] }, "truncated"},
		{"an offset beyond the store", func(b []byte) []byte { put(entry(b, 1000)[8:], 1<<31); return b }, "tag 1000: offset 2147483648"},
		{"too many strings", func(b []byte) []byte { put(entry(b, 1117)[12:], 1<<30); return b }, "tag 1117: 1073741824 strings"},
		{"too many numbers", func(b []byte) []byte { put(entry(b, 1116)[12:], 1<<30); return b }, "tag 1116: 1073741824 values"},
		{"an unknown type", func(b []byte) []byte { put(entry(b, 1000)[4:], 77); return b }, "tag 1000: unknown type 77"},
		{"no name", func(b []byte) []byte { put(entry(b, 1000), 9999); return b }, "no name"},
		{"a name that is a number", func(b []byte) []byte { put(entry(b, 1000)[4:], 2); return b }, "no name"},
		{"no architecture", func(b []byte) []byte { put(entry(b, 1022), 9999); return b }, "no architecture"},
		{"a file in no directory", func(b []byte) []byte { put(entry(b, 1118)[12:], 1); return b }, "in directory 1 of 1"},
		{"fewer modes than files", func(b []byte) []byte { put(entry(b, 1030)[12:], 1); return b }, "1 modes"},
		{"fewer versions than provides", func(b []byte) []byte { put(entry(b, 1113)[12:], 1); return b }, "tag 1047"},
		{"fewer texts than changes", func(b []byte) []byte { put(entry(b, 1082)[12:], 1); return b }, "change log"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := tt.spoil(player(t))
			var err error
			used := allocated(func() { _, err = index.ReadPackage(bytes.NewReader(data), int64(len(data))) })
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want %q", err, tt.want)
			}
			if used > 1<<20 {
				t.Errorf("%d bytes were allocated for %d", used, len(data))
			}
		})
	}
}

// TestOverlap is 60,000 entries over one large value: each is in range, together they are an attack.
func TestOverlap(t *testing.T) {
	data := player(t)
	h := header(data)
	entries, store := binary.BigEndian.Uint32(data[h+8:]), data[h+16+16*int(binary.BigEndian.Uint32(data[h+8:])):]
	hostile := append([]byte{}, data[:h+16]...)
	put(hostile[h+8:], entries+60000)
	hostile = append(hostile, data[h+16:][:16*entries]...)
	for range 60000 {
		e := make([]byte, 16)
		put(e, 1117)    // base names,
		put(e[4:], 8)   // a string array
		put(e[8:], 0)   // over the whole store
		put(e[12:], 40) // of so many strings
		hostile = append(hostile, e...)
	}
	hostile = append(hostile, store...)
	_, err := index.ReadPackage(bytes.NewReader(hostile), int64(len(hostile)))
	if err == nil || !strings.Contains(err.Error(), "overlap") {
		t.Errorf("error is %v", err)
	}
}

// allocated is how many bytes f takes from the heap.
func allocated(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// FuzzPackage: whatever the bytes, there is a package or an error, and memory in proportion.
func FuzzPackage(f *testing.F) {
	data := player(f)
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add(data[:176])
	for _, tag := range []uint32{1000, 1027, 1047, 1082, 1116, 1117, 1118} {
		spoilt := bytes.Clone(data)
		put(entry(spoilt, 1117), tag)
		f.Add(spoilt)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var p *index.Package
		var err error
		used := allocated(func() { p, err = index.ReadPackage(bytes.NewReader(data), int64(len(data))) })
		if limit := int64(1<<20 + 160*len(data)); used > limit {
			t.Errorf("%d bytes were allocated for %d", used, len(data))
		}
		if err == nil && (p.Name == "" || p.HeaderEnd > int64(len(data)) || p.HeaderStart >= p.HeaderEnd) {
			t.Errorf("package %+v", p)
		}
	})
}

func BenchmarkReadPackage(b *testing.B) {
	data := player(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := index.ReadPackage(bytes.NewReader(data), int64(len(data))); err != nil {
			b.Fatal(err)
		}
	}
}
