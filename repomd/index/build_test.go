package index_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/rpmpack"

	"mirrorctl/repomd"
	"mirrorctl/repomd/index"
)

// check verifies that dir is a whole repository and returns its repomd.xml and its files by type.
func check(t testing.TB, dir string) (*repomd.Repomd, map[string]repomd.Data) {
	t.Helper()
	md, err := repomd.Load(os.DirFS(dir), ".")
	if err != nil {
		t.Fatal(err)
	}
	byType := map[string]repomd.Data{}
	for _, d := range md.Data {
		byType[d.Type] = d
		data, err := os.ReadFile(filepath.Join(dir, d.Href))
		if err != nil {
			t.Fatal(err)
		}
		if int64(len(data)) != d.Size || !sum(t, d.Checksum.Type, data).Equal(d.Checksum) {
			t.Errorf("%s is not what repomd.xml says", d.Href)
		}
		open := content(t, dir, d.Href)
		if !d.OpenChecksum.IsZero() && (int64(len(open)) != d.OpenSize || !sum(t, d.OpenChecksum.Type, open).Equal(d.OpenChecksum)) {
			t.Errorf("the content of %s is not what repomd.xml says", d.Href)
		}
	}
	return md, byType
}

func sum(t testing.TB, typ string, data []byte) repomd.Checksum {
	t.Helper()
	h, err := repomd.NewHash(typ)
	if err != nil {
		t.Fatal(err)
	}
	h.Write(data)
	return repomd.SumOf(typ, h)
}

func TestBuildOptions(t *testing.T) {
	comps, updates := []byte("<comps/>\n"), []byte("<updates/>\n")
	tests := []struct {
		name    string
		options index.Options
		hrefs   map[string]string // type → end of the name
		sum     string
	}{
		{"default", index.Options{},
			map[string]string{"primary": "-primary.xml.gz", "filelists": "-filelists.xml.gz", "other": "-other.xml.gz"}, "sha256"},
		{"EL-5", index.Options{Checksum: "sha", SimpleNames: true, Groups: comps},
			map[string]string{"primary": "repodata/primary.xml.gz", "filelists": "repodata/filelists.xml.gz", "other": "repodata/other.xml.gz",
				"group": "repodata/comps.xml", "group_gz": "repodata/comps.xml.gz"}, "sha"},
		{"Fedora of today", index.Options{Compression: "zst", Groups: comps, Updateinfo: updates},
			map[string]string{"primary": "-primary.xml.zst", "filelists": "-filelists.xml.zst", "other": "-other.xml.zst",
				"group": "-comps.xml", "updateinfo": "-updateinfo.xml.zst"}, "sha256"},
		{"xz and sha512", index.Options{Compression: "xz", Checksum: "sha512"},
			map[string]string{"primary": "-primary.xml.xz", "filelists": "-filelists.xml.xz", "other": "-other.xml.xz"}, "sha512"},
		{"not compressed", index.Options{Compression: "none"},
			map[string]string{"primary": "-primary.xml", "filelists": "-filelists.xml", "other": "-other.xml"}, "sha256"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "player.rpm", player(t))
			tt.options.Time = buildTime
			result, err := index.Build(t.Context(), dir, tt.options)
			if err != nil {
				t.Fatal(err)
			}
			if want := (index.Result{Packages: 1, Bytes: int64(len(player(t)))}); result != want {
				t.Errorf("result %+v, want %+v", result, want)
			}
			md, byType := check(t, dir)
			if md.Revision != "1479816000" || md.Timestamp != buildTime.Unix() {
				t.Errorf("revision %s, timestamp %d", md.Revision, md.Timestamp)
			}
			if len(byType) != len(tt.hrefs) {
				t.Errorf("%d records, want %d", len(byType), len(tt.hrefs))
			}
			for typ, end := range tt.hrefs {
				if d := byType[typ]; !strings.HasSuffix(d.Href, end) || d.Checksum.Type != tt.sum {
					t.Errorf("%s is %s with %s, want …%s with %s", typ, d.Href, d.Checksum.Type, end, tt.sum)
				}
			}
			primary := string(content(t, dir, byType["primary"].Href))
			if want := `<checksum type="` + tt.sum + `" pkgid="YES">` + sum(t, tt.sum, player(t)).Hex; !strings.Contains(primary, want) {
				t.Errorf("primary has no %s", want)
			}
			for typ, want := range map[string][]byte{"group": comps, "group_gz": comps, "updateinfo": updates} {
				if d, ok := byType[typ]; ok && !bytes.Equal(content(t, dir, d.Href), want) {
					t.Errorf("the content of %s is lost", typ)
				}
			}
			if left := glob(t, dir, ".mirrorctl-*"); left != nil {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func glob(t testing.TB, dir, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestBuildTwice: equal packages, options and time make equal bytes, file times included.
func TestBuildTwice(t *testing.T) {
	var first string
	for i := range 2 {
		dir := t.TempDir()
		for _, name := range []string{"b/player.rpm", "a/again.rpm", "zz.rpm"} {
			write(t, dir, name, player(t))
		}
		if _, err := index.Build(t.Context(), dir, index.Options{Time: buildTime, Workers: i + 1}); err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		for _, name := range glob(t, dir, "repodata/*") {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			st, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			all.WriteString(filepath.Base(name) + st.ModTime().UTC().String() + string(data))
		}
		if i == 0 {
			first = all.String()
		} else if all.String() != first {
			t.Error("the second repository differs")
		}
	}
}

func TestBuildLeavesOut(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{
		"player.rpm", "sub/player.rpm",
		"debug/player.rpm", "debug/deep/player.rpm", // another repository
		".mirrorctl-tmp-1/player.rpm", ".player.rpm.Xa3f9b", ".hidden.rpm", "repodata/player.rpm", "player.rpm.asc", "README",
	} {
		write(t, dir, name, player(t))
	}
	result, err := index.Build(t.Context(), dir, index.Options{Exclude: []string{"debug"}})
	if err != nil {
		t.Fatal(err)
	}
	if result.Packages != 2 {
		t.Errorf("%d packages, want 2", result.Packages)
	}
}

// TestBuildFails: an error names the file, and the old generation stands untouched.
func TestBuildFails(t *testing.T) {
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	tests := []struct {
		name    string
		ctx     context.Context
		options index.Options
		spoil   func(t *testing.T, dir string)
		want    string
	}{
		{"broken package", t.Context(), index.Options{}, func(t *testing.T, dir string) { write(t, dir, "bad.rpm", []byte("no package")) }, "bad.rpm: lead: needs 96 bytes"},
		{"half a package", t.Context(), index.Options{}, func(t *testing.T, dir string) { write(t, dir, "half.rpm", player(t)[:2000]) }, "half.rpm: "},
		{"dangling symlink", t.Context(), index.Options{}, func(t *testing.T, dir string) {
			if err := os.Symlink("nowhere", filepath.Join(dir, "link.rpm")); err != nil {
				t.Fatal(err)
			}
		}, "link.rpm: no such file"},
		{"directory named as a package", t.Context(), index.Options{}, func(t *testing.T, dir string) {
			if err := os.Symlink("repodata", filepath.Join(dir, "dir.rpm")); err != nil {
				t.Fatal(err)
			}
		}, "dir.rpm: not a regular file"},
		{"canceled", canceled, index.Options{}, func(*testing.T, string) {}, "context canceled"},
		{"unknown checksum", t.Context(), index.Options{Checksum: "crc32"}, func(*testing.T, string) {}, `unknown checksum type "crc32"`},
		{"unknown compression", t.Context(), index.Options{Compression: "rar"}, func(*testing.T, string) {}, `unknown compression "rar"`},
		{"bad pattern", t.Context(), index.Options{Exclude: []string{"["}}, func(*testing.T, string) {}, `exclude "["`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "player.rpm", player(t))
			if _, err := index.Build(t.Context(), dir, index.Options{Time: buildTime}); err != nil {
				t.Fatal(err)
			}
			before := glob(t, dir, "repodata/*")
			tt.spoil(t, dir)
			_, err := index.Build(tt.ctx, dir, tt.options)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("error is %v, want %q", err, tt.want)
			}
			check(t, dir)
			if after := glob(t, dir, "repodata/*"); len(after) != len(before) {
				t.Errorf("repodata holds %v, held %v", after, before)
			}
		})
	}
	if _, err := index.Build(t.Context(), filepath.Join(t.TempDir(), "none"), index.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
}

// TestBuildIsNeverTorn republishes under readers. With checksums in the names every repomd.xml that can
// be read has all its files; without, every one that is still the same after its files were read.
func TestBuildIsNeverTorn(t *testing.T) {
	for _, simple := range []bool{false, true} {
		t.Run(map[bool]string{false: "hashed names", true: "simple names"}[simple], func(t *testing.T) {
			dir := t.TempDir()
			publish := func(i int) {
				write(t, dir, "p.rpm", pack(t, rpmpack.RPMMetaData{Name: "p", Version: "1", Release: string(rune('a' + i%26)), Arch: "noarch", Licence: strings.Repeat("x", i)}, nil))
				if _, err := index.Build(t.Context(), dir, index.Options{SimpleNames: simple}); err != nil {
					t.Error(err)
				}
			}
			publish(0)
			done := make(chan struct{})
			go func() {
				defer close(done)
				for i := range 30 {
					publish(i)
				}
			}()
			whole, torn := 0, 0
			for running := true; running; {
				select {
				case <-done:
					running = false
				default:
				}
				md, err := repomd.Load(os.DirFS(dir), ".")
				if err != nil {
					t.Fatal(err)
				}
				bad := ""
				for _, d := range md.Data {
					data, err := os.ReadFile(filepath.Join(dir, d.Href))
					if err != nil || !sum(t, d.Checksum.Type, data).Equal(d.Checksum) {
						bad = d.Href
					}
				}
				if simple {
					if again, err := repomd.Load(os.DirFS(dir), "."); err != nil || !bytes.Equal(again.Raw, md.Raw) {
						continue
					}
				}
				if whole++; bad != "" {
					torn++
				}
			}
			if torn > 0 || whole < 20 {
				t.Errorf("%d of %d readings were torn", torn, whole)
			}
		})
	}
}

// TestBuildKeepsOldFiles: a client that read the old repomd.xml still finds what it names.
func TestBuildKeepsOldFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "player.rpm", player(t))
	if _, err := index.Build(t.Context(), dir, index.Options{Time: buildTime}); err != nil {
		t.Fatal(err)
	}
	_, old := check(t, dir)
	write(t, dir, "repodata/repomd.xml.asc", []byte("signature of the old"))
	write(t, dir, "second.rpm", player(t))
	for _, simple := range []bool{false, true, true} {
		if _, err := index.Build(t.Context(), dir, index.Options{Time: buildTime.Add(time.Hour), SimpleNames: simple}); err != nil {
			t.Fatal(err)
		}
		check(t, dir)
		for _, d := range old {
			if data, err := os.ReadFile(filepath.Join(dir, d.Href)); err != nil || !sum(t, d.Checksum.Type, data).Equal(d.Checksum) {
				t.Errorf("%s is gone: %v", d.Href, err)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "repodata/repomd.xml.asc")); err == nil {
		t.Error("the old signature stands beside the new repomd.xml")
	}
}
