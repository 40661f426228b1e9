package mirror_test

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mirrorctl/mirror"
)

func TestParsePath(t *testing.T) {
	tests := []struct {
		in, want string
		ok       bool
	}{
		{"", "", true}, {"/", "", true}, {"a", "a", true}, {"/a/b", "a/b", true}, {"/a/b/", "a/b", true}, {"a/b c/é~^+", "a/b c/é~^+", true},
		{"...", "...", true}, {"..a/b..", "..a/b..", true}, {strings.Repeat("a", mirror.MaxPath), strings.Repeat("a", mirror.MaxPath), true},
		{"//", "", false}, {"//a", "", false}, {"a//b", "", false}, {"a//", "", false}, {".", "", false}, {"./a", "", false}, {"a/.", "", false},
		{"..", "", false}, {"/..", "", false}, {"../a", "", false}, {"a/..", "", false}, {"a/../b", "", false}, {"a/../../b", "", false},
		{"a\x00b", "", false}, {"a\nb", "", false}, {"a\x7f", "", false}, {`a\b`, "", false}, {"a\xff", "", false},
		{strings.Repeat("a", mirror.MaxPath+1), "", false},
	}
	for _, tt := range tests {
		got, err := mirror.ParsePath(tt.in)
		if (err == nil) != tt.ok || string(got) != tt.want || !tt.ok && !errors.Is(err, mirror.ErrBadPath) {
			t.Errorf("ParsePath(%.40q) = %.40q, %v", tt.in, got, err)
		}
		if err != nil && len(err.Error()) > 200 {
			t.Errorf("ParsePath: an error of %d bytes", len(err.Error()))
		}
	}
}

func TestPathParts(t *testing.T) {
	p := mirror.Path("a/b/c.rpm")
	switch {
	case p.Base() != "c.rpm", p.Dir() != "a/b", mirror.Path("a").Dir() != "", mirror.Path("").Dir() != "", mirror.Path("").Base() != "":
		t.Error("Base or Dir")
	case p.Dir().Join("c.rpm") != p, mirror.Path("").Join("a") != "a", mirror.Path("a").Join("") != "a":
		t.Error("Join")
	case !p.Under("a"), !p.Under(""), !p.Under(p), p.Under("a/b/c"), mirror.Path("ab").Under("a"), mirror.Path("a").Under("a/b"):
		t.Error("Under")
	case p.Rel("a") != "b/c.rpm", p.Rel("") != p, p.Rel(p) != "":
		t.Error("Rel")
	case mirror.Path("").FS() != "." || p.FS() != "a/b/c.rpm":
		t.Error("FS")
	}
}

func TestReservedAndTemporaryNames(t *testing.T) {
	for p, want := range map[mirror.Path]bool{
		"a/.mirrorctl-trash/j/b": true, ".mirrorctl": true, "a/.mirrorctl/x": true, "a/.mirrorctl-tmp-0-b": true,
		"a/.mirrorctlx": false, "a/mirrorctl-tmp": false, "a/x.mirrorctl": false, "": false,
	} {
		if p.Reserved() != want {
			t.Errorf("%q reserved: %v", p, !want)
		}
	}
	for name, want := range map[string]bool{
		".a-1-1.x86_64.rpm.Xy12Zz": true, ".repomd.xml.abcdef": true,
		".treeinfo": false, ".mirrorlist-free-fedora-updates": false, "a.rpm.Xy12Zz": false, ".abcdef": false, "..abcdef": false, ".a.rpm.Xy-2Zz": false, ".a.Xy12Z": false,
	} {
		if mirror.RsyncTemp(name) != want {
			t.Errorf("%q rsync's: %v", name, !want)
		}
	}
}

// What ParsePath accepts is local, clean, the same when read again, and opens nothing outside.
func FuzzParsePath(f *testing.F) {
	for _, s := range []string{"", "/", "a/b", "../x", "a/../../x", "secret", "out/secret", "a//b", "%2e%2e/x", "..\\x", "a/\x00", "free/fedora/updates/42/x86_64/repodata/repomd.xml"} {
		f.Add(s)
	}
	dir := f.TempDir()
	root := filepath.Join(dir, "root")
	err := errors.Join(os.MkdirAll(filepath.Join(root, "a", "b"), 0o755), os.WriteFile(filepath.Join(dir, "secret"), []byte("secret"), 0o644), os.Symlink("..", filepath.Join(root, "out")))
	if err != nil {
		f.Fatal(err)
	}
	r, err := os.OpenRoot(root)
	if err != nil {
		f.Fatal(err)
	}
	defer r.Close()
	f.Fuzz(func(t *testing.T, s string) {
		p, err := mirror.ParsePath(s)
		if err != nil {
			if p != "" || !errors.Is(err, mirror.ErrBadPath) {
				t.Fatalf("%q: %q, %v", s, p, err)
			}
			return
		}
		if !filepath.IsLocal(p.FS()) || !fs.ValidPath(p.FS()) || p != "" && path.Clean(string(p)) != string(p) {
			t.Fatalf("%q accepted as %q", s, p)
		}
		if strings.Trim(s, "/") != string(p) {
			t.Fatalf("%q became %q", s, p)
		}
		for _, again := range []string{string(p), "/" + string(p), string(p) + "/"} {
			if q, err := mirror.ParsePath(again); err != nil || q != p {
				t.Fatalf("%q: %q, %v", again, q, err)
			}
		}
		if p != "" && p.Dir().Join(mirror.Path(p.Base())) != p || !p.Under(p.Dir()) {
			t.Fatalf("%q does not come back from its parts", p)
		}
		if raw, err := r.ReadFile(p.FS()); err == nil && string(raw) == "secret" {
			t.Fatalf("%q read a file outside the root", p)
		}
		if !slices.Contains(mirror.Kinds(), mirror.KindOf(p)) {
			t.Fatalf("%q: kind %d", p, mirror.KindOf(p))
		}
	})
}
