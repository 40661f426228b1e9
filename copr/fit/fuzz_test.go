package fit

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"mirrorctl/repomd/index"
)

// entry is one file of a cpio archive.
func cpioOf(name string, mode int, body []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 1, mode, 0, 0, 1, 0, len(body), 0, 0, 0, 0, len(name)+1, 0)
	b.WriteString(name + "\x00")
	b.Write(make([]byte, -b.Len()&3))
	b.Write(body)
	b.Write(make([]byte, -b.Len()&3))
	return b.Bytes()
}

func FuzzPayload(f *testing.F) {
	program := append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 60)...)
	f.Add(append(cpioOf("./usr/bin/p", 0o100755, program), cpioOf("TRAILER!!!", 0, nil)...))
	f.Add(cpioOf("./etc/p", 0o100644, []byte("x")))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := findELF(context.Background(), bytes.NewReader(data))
		if err == nil && len(all)*110 > len(data)*200 {
			t.Errorf("%d files in %d bytes", len(all), len(data))
		}
		for _, e := range all {
			if e.path == "" || e.path[0] != '/' {
				t.Errorf("path %q", e.path)
			}
		}
	})
}

func FuzzNeed(f *testing.F) {
	for _, s := range []string{"a", "(a or b)", "((a and b >= 1) if c else (d without e))", "(lib.so()(64bit) with (x))", "(((((("} {
		f.Add(s)
	}
	o := &offers{provides: map[string][]version{"a": {{"EQ", index.EVR{Version: "1"}}}}, target: &Target{}}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := parseNeed(index.Dependency{Name: s})
		if err == nil {
			n.met(o)
			n.paths(nil)
		}
	})
}
