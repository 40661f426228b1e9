package demo

import (
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"mirrorctl/mirror"
	"mirrorctl/repomd"
)

// TestLayout: the layout that the configuration names knows every repository, under a name of its
// own, and every package belongs to the release that made it.
func TestLayout(t *testing.T) {
	s := site(t)
	layout, err := mirror.BuiltinLayout("rpmfusion")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[mirror.RepoID]mirror.Path{}
	err = fs.WalkDir(os.DirFS(s.Root), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		p := mirror.Path(name)
		place, ok := layout.Place(p)
		switch {
		case strings.HasSuffix(name, "/"+repomd.Name):
			dir := p.Dir().Dir()
			if !ok || place.RepoDir != dir || place.Repo == (mirror.RepoID{}) {
				t.Errorf("%s is %+v", name, place)
				return nil
			}
			if other, twice := seen[place.Repo]; twice {
				t.Errorf("%s and %s are both %v", dir, other, place.Repo)
			}
			seen[place.Repo] = dir
			if !slices.Contains(layout.Dirs(place.Repo), dir) {
				t.Errorf("%v leads to %v, not to %s", place.Repo, layout.Dirs(place.Repo), dir)
			}
		case strings.HasSuffix(name, ".rpm") && ok:
			dist := ".fc" + place.Release.Version + "."
			if place.Release.Product == "el" {
				dist = ".el" + place.Release.Version + "."
			}
			if !strings.Contains(name, dist) {
				t.Errorf("%s belongs to %s", name, place.Release)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(seen)) != s.Repositories {
		t.Errorf("%d of %d repositories", len(seen), s.Repositories)
	}
	for id, want := range map[mirror.RepoID]mirror.Path{
		{Name: "free-fedora-25", Arch: "x86_64"}:                           "free/fedora/releases/25/Everything/x86_64/os",
		{Name: "nonfree-fedora-updates-testing-debug-44", Arch: "aarch64"}: "nonfree/fedora/updates/testing/44/aarch64/debug",
		{Name: "free-el-updates-released-source-5", Arch: "source"}:        "free/el/updates/5/SRPMS",
		{Name: "free-fedora-updates-released-10", Arch: "ppc"}:             "free/fedora/updates/10/ppc",
	} {
		if seen[id] != want {
			t.Errorf("%v is %q, want %s", id, seen[id], want)
		}
	}
}
