package sandbox

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func archiveOf(headers ...tar.Header) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		if w.WriteHeader(&h) == nil {
			io.CopyN(w, zeros{}, h.Size)
		}
	}
	w.Close()
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// read takes a stream and returns what is in the directory then.
func read(t testing.TB, stream []byte) (Exit, []string) {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	took := &taking{
		Take:   Take{To: dir, Suffix: ".rpm", Files: 3, Size: 4096},
		stream: io.NopCloser(bytes.NewReader(stream)), to: root, done: make(chan struct{}),
	}
	took.read()
	exit := Exit{}
	took.finish(&exit, false)
	names, err := filepath.Glob(dir + "/*")
	if err != nil {
		t.Fatal(err)
	}
	return exit, names
}

func TestTake(t *testing.T) {
	file := func(name string, size int64) tar.Header { return tar.Header{Name: name, Size: size, Mode: 0o6777} }
	for name, tt := range map[string]struct {
		stream []byte
		why    string
	}{
		"good":      {archiveOf(file("./a.rpm", 10), file("./b.rpm", 0)), ""},
		"nothing":   {nil, ""},
		"no tar":    {bytes.Repeat([]byte("x"), 4096), "no archive"},
		"cut":       {archiveOf(file("./a.rpm", 2000))[:1024], "unexpected EOF"},
		"above":     {archiveOf(file("../a.rpm", 1)), "not a name"},
		"absolute":  {archiveOf(file("/a.rpm", 1)), "not a name"},
		"inside":    {archiveOf(file("./b/a.rpm", 1)), "not a name"},
		"twice":     {archiveOf(file("./a.rpm", 1), file("a.rpm", 1)), "there twice"},
		"large":     {archiveOf(file("./a.rpm", 4000), file("./b.rpm", 97)), "over the limit"},
		"many":      {archiveOf(file("1.rpm", 1), file("2.rpm", 1), file("3.rpm", 1), file("4.rpm", 1)), "more than 3"},
		"symlink":   {archiveOf(tar.Header{Name: "a.rpm", Typeflag: tar.TypeSymlink, Linkname: "/etc/shadow"}), "symbolic link"},
		"hard link": {archiveOf(tar.Header{Name: "a.rpm", Typeflag: tar.TypeLink, Linkname: "/etc/shadow"}), "second name"},
		"device":    {archiveOf(tar.Header{Name: "a.rpm", Typeflag: tar.TypeBlock}), "device"},
	} {
		t.Run(name, func(t *testing.T) {
			exit, names := read(t, tt.stream)
			if tt.why == "" {
				if exit.Code != 0 || exit.Reason != "" || len(names) != len(exit.Taken) {
					t.Errorf("%+v, left %q", exit, names)
				}
				for _, name := range names {
					if st, err := os.Stat(name); err != nil || st.Mode().Perm()&^0o644 != 0 || st.Mode()&os.ModeSetuid != 0 {
						t.Errorf("%s: %v, %v", name, st.Mode(), err)
					}
				}
			} else if exit.Code == 0 || !strings.Contains(exit.Reason, tt.why) || len(names) != 0 || exit.Taken != nil {
				t.Errorf("%+v, left %q; want %q", exit, names, tt.why)
			}
		})
	}
}

// Whatever the sandbox sends, there are all results or none, each a plain file in the directory, within the limits.
func FuzzTake(f *testing.F) {
	f.Add(archiveOf(tar.Header{Name: "./a.rpm", Size: 3}))
	f.Add(archiveOf(tar.Header{Name: "../a.rpm", Size: 3}, tar.Header{Name: "x.rpm", Typeflag: tar.TypeSymlink, Linkname: ".."}))
	f.Add(archiveOf(tar.Header{Name: strings.Repeat("long/", 40) + "a.rpm", Format: tar.FormatPAX, PAXRecords: map[string]string{"GNU.sparse.major": "1"}}))
	f.Fuzz(func(t *testing.T, stream []byte) {
		exit, names := read(t, stream)
		if len(names) != len(exit.Taken) || len(names) > 3 || (exit.Code != 0) != (exit.Reason != "") {
			t.Fatalf("%+v, left %q", exit, names)
		}
		total := int64(0)
		for _, name := range names {
			st, err := os.Lstat(name)
			if err != nil || !st.Mode().IsRegular() {
				t.Fatalf("%s: %v, %v", name, st, err)
			}
			total += st.Size()
		}
		if total > 4096 {
			t.Fatalf("%d bytes", total)
		}
	})
}

func TestOutputIsCut(t *testing.T) {
	var b bytes.Buffer
	c := &cut{w: &b, left: 10, limit: 10}
	for _, s := range []string{"12345", "67890", "abc", "\nthe last\n"} {
		if n, err := c.Write([]byte(s)); n != len(s) || err != nil {
			t.Fatal(n, err)
		}
	}
	if want := "1234567890\n[output cut: over the limit of 10 bytes]\n"; b.String() != want {
		t.Errorf("%q", b.String())
	}
	if c.lastLine() != "the last" {
		t.Errorf("%q", c.lastLine())
	}
}
