package index_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"mirrorctl/mirror"
	"mirrorctl/mirror/index"
)

func rpmfusion(t testing.TB) *mirror.Layout {
	t.Helper()
	l, err := mirror.BuiltinLayout("rpmfusion")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestRepositoriesTreesTotals(t *testing.T) {
	dir := t.TempDir()
	write(t, dir,
		"free/fedora/updates/42/x86_64/repodata/repomd.xml", "free/fedora/updates/42/x86_64/a-1-1.x86_64.rpm",
		"free/fedora/updates/42/aarch64/repodata/repomd.xml", "free/fedora/updates/42/SRPMS/a-1-1.src.rpm", "free/fedora/updates/42/README",
		"free/fedora/tainted/42/KEY", "free/el/updates/7/x86_64/repodata/repomd.xml",
		"mine/repodata/repomd.xml", "free/fedora/updates/42/odd/repodata/repomd.xml",
		"free/el/updates/8/x86_64/repodata/primary.xml.gz", "free/el/updates/8/x86_64/repomd.xml")
	if err := errors.Join(
		os.Link(filepath.Join(dir, "free/fedora/updates/42/x86_64/a-1-1.x86_64.rpm"), filepath.Join(dir, "free/fedora/updates/42/aarch64/a-1-1.x86_64.rpm")),
		os.Link(filepath.Join(dir, "free/fedora/updates/42/x86_64/a-1-1.x86_64.rpm"), filepath.Join(dir, "free/el/updates/7/x86_64/a-1-1.x86_64.rpm")),
		os.Symlink("7", filepath.Join(dir, "free/el/updates/7Server"))); err != nil {
		t.Fatal(err)
	}
	l := rpmfusion(t)
	x, _ := scan(t, openRoot(t, dir), nil, index.Options{})

	var repos []string
	for _, r := range x.Repositories(l) {
		repos = append(repos, fmt.Sprint(r.Dir, " ", r.Release, " ", r.Name, " ", r.Arch))
	}
	want := []string{
		"free/el/updates/7/x86_64 el-7 free-el-updates-released-7 x86_64",
		"free/fedora/updates/42/aarch64 fedora-42 free-fedora-updates-released-42 aarch64",
		"free/fedora/updates/42/odd fedora-42  ",
		"free/fedora/updates/42/x86_64 fedora-42 free-fedora-updates-released-42 x86_64",
		"mine   ",
	}
	if !slices.Equal(repos, want) {
		t.Errorf("repositories %q,\nwant %q", repos, want)
	}
	trees := []mirror.Path{"free/el/updates/7", "free/el/updates/7Server", "free/el/updates/8", "free/fedora/tainted/42", "free/fedora/updates/42"}
	if got := x.Trees(l); !slices.Equal(got, trees) {
		t.Errorf("trees %q, want %q", got, trees)
	}
	size := func(names ...string) (n int64) {
		for _, name := range names {
			n += int64(len(name))
		}
		return n
	}
	const up = "free/fedora/updates/42/"
	totals := x.Totals(l)
	f42 := totals[mirror.Release{Product: "fedora", Version: "42"}]
	wantTotal := index.Total{Files: 8, Packages: 3, Bytes: size(up+"x86_64/repodata/repomd.xml", up+"x86_64/a-1-1.x86_64.rpm", up+"aarch64/repodata/repomd.xml", up+"SRPMS/a-1-1.src.rpm", up+"README", "free/fedora/tainted/42/KEY", up+"odd/repodata/repomd.xml")}
	if f42.Total != wantTotal {
		t.Errorf("fedora-42: %+v, want %+v", f42.Total, wantTotal)
	}
	wantArch := map[string]index.Total{
		"aarch64": {Files: 2, Packages: 1, Bytes: size(up+"aarch64/repodata/repomd.xml", up+"x86_64/a-1-1.x86_64.rpm")}, // the first to have the shared inode
		"x86_64":  {Files: 2, Packages: 1, Bytes: size(up + "x86_64/repodata/repomd.xml")},
		"source":  {Files: 1, Packages: 1, Bytes: size(up + "SRPMS/a-1-1.src.rpm")},
		"":        {Files: 3, Bytes: size(up+"README", "free/fedora/tainted/42/KEY", up+"odd/repodata/repomd.xml")},
	}
	if !maps.Equal(f42.ByArch, wantArch) {
		t.Errorf("fedora-42 by arch: %+v,\nwant %+v", f42.ByArch, wantArch)
	}
	// Another release counts the shared inode as well.
	if el7 := totals[mirror.Release{Product: "el", Version: "7"}]; el7.Packages != 1 || el7.Bytes != size("free/el/updates/7/x86_64/repodata/repomd.xml", up+"x86_64/a-1-1.x86_64.rpm") {
		t.Errorf("el-7: %+v", el7)
	}
	if len(totals) != 3 {
		t.Errorf("%d releases, want 3", len(totals))
	}
	c := mirror.NewCatalog(l, nil, x.Repositories(l), x.Trees(l)...)
	if n := len(c.Repositories()); n != 3 {
		t.Errorf("the catalog has %d repositories, want 3", n)
	}
	if got := c.Resolve("mine/repodata/repomd.xml"); got.Known || got.RepoDir != "mine" {
		t.Errorf("an unnamed repository: %+v", got)
	}
}
