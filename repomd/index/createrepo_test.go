package index_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/rpmpack"

	"mirrorctl/repomd"
	"mirrorctl/repomd/index"
)

// TestBuildAsCreaterepo holds the metadata against that of createrepo_c, byte for byte.
func TestBuildAsCreaterepo(t *testing.T) {
	need(t, "createrepo_c")
	tests := []struct {
		name string
		fill func(testing.TB, string)
	}{
		{"made by rpmpack", func(t testing.TB, dir string) { write(t, dir, "Packages/p/player-1.2-3.fc25.x86_64.rpm", player(t)) }},
		{"CentOS 2.1 to 7", centos},
		{"made by rpmbuild", func(t testing.TB, dir string) { need(t, "rpmbuild"); rich(t, dir) }},
		{"Latin-1", func(t testing.TB, dir string) {
			write(t, dir, "old.rpm", pack(t, rpmpack.RPMMetaData{Name: "old", Version: "1", Release: "1", Summary: "caf\xe9 \x90 d\xe9j\xe0",
				Requires: relations(t, "libc.so.6", "libc.so.6(GLIBC_PRIVATE)", "libc.so.6()", "n\xe9"), Packager: "\"q\"\r\n\ttab"}, nil))
		}},
		{"no packages", func(testing.TB, string) {}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			tt.fill(t, dir)
			theirs := t.TempDir()
			run(t, "createrepo_c", "--quiet", "--no-database", "--simple-md-filenames", "--outputdir="+theirs, dir)
			if _, err := index.Build(t.Context(), dir, index.Options{SimpleNames: true, Time: buildTime}); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"primary.xml.gz", "filelists.xml.gz", "other.xml.gz"} {
				got, want := content(t, dir, "repodata/"+name), content(t, theirs, "repodata/"+name)
				if !bytes.Equal(got, want) {
					t.Errorf("%s differs at line %s", name, firstDifference(string(got), string(want)))
				}
			}
		})
	}
}

// content is a metadata file, uncompressed.
func content(t testing.TB, dir, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := repomd.NewReader(f, repomd.UnknownSize)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "\n got " + g[i] + "\nwant " + w[i]
		}
	}
	return "\nwhere one ends"
}
