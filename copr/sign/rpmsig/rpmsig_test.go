package rpmsig_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/rpmpack"

	"mirrorctl/copr/sign/rpmsig"
)

func pack(t testing.TB) []byte {
	t.Helper()
	p, err := rpmpack.NewRPM(rpmpack.RPMMetaData{Name: "p", Version: "1", Release: "1", Arch: "noarch"})
	if err != nil {
		t.Fatal(err)
	}
	p.AddFile(rpmpack.RPMFile{Name: "/etc/p", Body: []byte("x"), Mode: 0o644, Owner: "root", Group: "root"})
	var buf bytes.Buffer
	if err := p.Write(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// content is a signature header's, with signatures that are none.
func content(size int64, whole bool) rpmsig.Content {
	c := rpmsig.Content{SHA1: make([]byte, 20), SHA256: make([]byte, 32), MD5: make([]byte, 16), Size: size, RSA: whole, Header: []byte("header")}
	if whole {
		c.Whole = []byte("whole")
	}
	return c
}

// TestBuild: what is written can be read, and nothing but the signature header has changed, whatever sizes the package has.
func TestBuild(t *testing.T) {
	data := pack(t)
	r := bytes.NewReader(data)
	h, err := rpmsig.Read(r)
	if err != nil {
		t.Fatal(err)
	}
	if at := int64(len(data)) - int64(r.Len()); at != h.End() || !bytes.Equal(h.Bytes(), data[:h.End()]) || h.PayloadSHA256() == "" || h.Format() != 4 {
		t.Fatalf("the head ends at %d, read to %d", h.End(), at)
	}
	for _, c := range []rpmsig.Content{content(1000, true), content(1000, false), content(5<<30, true)} {
		raw, err := h.Build(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := rpmsig.Read(io.MultiReader(bytes.NewReader(h.Lead), bytes.NewReader(raw), bytes.NewReader(h.Main)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again.Main, h.Main) || again.Start() != int64(96+len(raw)) {
			t.Errorf("read back %d bytes of header at %d", len(again.Main), again.Start())
		}
		twice, err := again.Build(c)
		if err != nil || !bytes.Equal(raw, twice) {
			t.Errorf("built on what was built: other bytes (%v)", err)
		}
	}
	if _, err := h.Build(rpmsig.Content{}); err == nil {
		t.Error("built of nothing")
	}
}

// TestStrict: what two readers could take for two packages is refused.
func TestStrict(t *testing.T) {
	data := pack(t)
	h, err := rpmsig.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	main := int(h.Start())
	entry := func(i int) int { return main + 16 + 16*i }
	for name, change := range map[string]func(b []byte){
		"a tag twice":              func(b []byte) { copy(b[entry(3):], b[entry(2):][:4]) },
		"tags out of order":        func(b []byte) { binary.BigEndian.PutUint32(b[entry(3):], 64) },
		"two tags on one value":    func(b []byte) { copy(b[entry(3)+8:], b[entry(2)+8:][:4]) },
		"no values":                func(b []byte) { binary.BigEndian.PutUint32(b[entry(2)+12:], 0) },
		"too many values":          func(b []byte) { binary.BigEndian.PutUint32(b[entry(2)+12:], 1<<31) },
		"an unknown type":          func(b []byte) { binary.BigEndian.PutUint32(b[entry(2)+4:], 17) },
		"a value beyond the end":   func(b []byte) { binary.BigEndian.PutUint32(b[entry(2)+8:], 1<<30) },
		"no region":                func(b []byte) { binary.BigEndian.PutUint32(b[entry(0):], 61) },
		"a region that ends early": func(b []byte) { binary.BigEndian.PutUint32(b[entry(0)+8:], 0) },
		"a bad trailer":            func(b []byte) { b[int(h.End())-5] ^= 1 },
		"another magic":            func(b []byte) { b[main] ^= 1 },
		"reserved bytes used":      func(b []byte) { b[main+5] = 1 },
		"an older lead":            func(b []byte) { b[79] = 1 },
	} {
		bad := bytes.Clone(data)
		change(bad)
		if _, err := rpmsig.Read(bytes.NewReader(bad)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for n := range int(h.End()) {
		if _, err := rpmsig.Read(bytes.NewReader(data[:n])); err == nil {
			t.Fatalf("%d bytes of %d: accepted", n, h.End())
		}
	}
}

// TestOld reads packages of CentOS 3 to 7, which come with the module of the RPM library.
func TestOld(t *testing.T) {
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/cavaliergopher/rpm").Output()
	if err != nil {
		t.Skipf("SKIP: go list: %v", err)
	}
	names, _ := filepath.Glob(filepath.Join(strings.TrimSpace(string(module)), "testdata", "*.rpm"))
	if len(names) == 0 {
		t.Skip("SKIP: packages of CentOS missing from the module cache")
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rpmsig.Read(bytes.NewReader(data)); err != nil {
			t.Errorf("%s: %v", filepath.Base(name), err)
		}
	}
}

// TestCounts: a header that says it is large takes no memory before it is.
func TestCounts(t *testing.T) {
	data := pack(t)[:200]
	for at, n := range map[int]uint32{96 + 8: 4096, 96 + 12: 4 << 20} {
		bad := bytes.Clone(data)
		binary.BigEndian.PutUint32(bad[at:], n)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := rpmsig.Read(bytes.NewReader(bad))
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; err == nil || used > 64<<10 {
			t.Errorf("%d at %d: %d bytes allocated for 200, %v", n, at, used, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	data := pack(f)
	h, err := rpmsig.Read(bytes.NewReader(data))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:h.End()])
	f.Add(data[:200])
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := rpmsig.Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		if h.End() > int64(len(data)) || !bytes.Equal(h.Main, data[h.Start():h.End()]) {
			t.Fatalf("a head to %d of %d bytes", h.End(), len(data))
		}
		raw, err := h.Build(content(int64(len(data)), true))
		if err != nil {
			t.Fatal(err)
		}
		again, err := rpmsig.Read(io.MultiReader(bytes.NewReader(h.Lead), bytes.NewReader(raw), bytes.NewReader(h.Main)))
		if err != nil || !bytes.Equal(again.Main, h.Main) || again.PayloadSHA256() != h.PayloadSHA256() {
			t.Errorf("what was built cannot be read: %v", err)
		}
	})
}
