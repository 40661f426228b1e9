package mirror_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mirrorctl/mirror"
)

// found makes repositories of dirs as an index would.
func found(l *mirror.Layout, dirs ...string) []mirror.Repository {
	var repos []mirror.Repository
	for _, dir := range dirs {
		repo := mirror.Repository{Dir: mirror.Path(dir)}
		if place, ok := l.Place(repo.Dir); ok {
			repo.Release = place.Release
			if place.RepoDir == repo.Dir {
				repo.RepoID = place.Repo
			}
		}
		repos = append(repos, repo)
	}
	return repos
}

func release(t testing.TB, s string) mirror.Release {
	t.Helper()
	r, err := mirror.ParseRelease(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// document has one release in one state.
func document(t testing.TB, name string, state mirror.State, trees []mirror.Path, repos []mirror.Repository) *mirror.Document {
	var d *mirror.Document
	return d.With(release(t, name), &mirror.Record{State: state, Trees: trees, Repositories: repos})
}

func TestResolve(t *testing.T) {
	l := layout(t, "rpmfusion")
	pruned := found(l, "free/fedora/updates/25/x86_64")
	d := document(t, "fedora-25", mirror.Pruned, []mirror.Path{"free/fedora/updates/25", "free/fedora/releases/25"}, pruned)
	c := mirror.NewCatalog(l, d, found(l, "free/fedora/updates/42/x86_64", "free/fedora/updates/42/x86_64/debug", "free/el/updates/9/x86_64", "mine/x"),
		"free/fedora/tainted/42", "free/el/updates/9", "lost+found")
	tests := []struct {
		name, path, release string
		known               bool
		state               mirror.State
		repo, dir           string
		kind                mirror.Kind
	}{
		{"hot metadata", "free/fedora/updates/42/x86_64/repodata/repomd.xml", "fedora-42", true, mirror.Active, "free-fedora-updates-released-42", "free/fedora/updates/42/x86_64", mirror.KindRepomd},
		{"nested repository", "free/fedora/updates/42/x86_64/debug/a-1-1.rpm", "fedora-42", true, mirror.Active, "free-fedora-updates-released-debug-42", "free/fedora/updates/42/x86_64/debug", mirror.KindPackage},
		{"the tree itself", "free/fedora/updates/42", "fedora-42", true, mirror.Active, "", "", mirror.KindOther},
		{"beside the repositories", "free/fedora/updates/42/README", "fedora-42", true, mirror.Active, "", "", mirror.KindOther},
		{"a repository nobody has seen", "free/fedora/updates/42/s390x/a.rpm", "fedora-42", true, mirror.Active, "free-fedora-updates-released-42", "free/fedora/updates/42/s390x", mirror.KindPackage},
		{"a release nobody has seen", "free/fedora/updates/60/s390x/a.rpm", "fedora-60", true, mirror.Active, "free-fedora-updates-released-60", "free/fedora/updates/60/s390x", mirror.KindPackage},
		{"a tree without repositories", "free/fedora/tainted/42/KEY", "fedora-42", true, mirror.Active, "", "", mirror.KindOther},
		{"pruned", "free/fedora/updates/25/x86_64/a.rpm", "fedora-25", true, mirror.Pruned, "free-fedora-updates-released-25", "free/fedora/updates/25/x86_64", mirror.KindPackage},
		{"pruned, a tree that the record forgot", "nonfree/fedora/updates/25/x86_64/a.rpm", "fedora-25", true, mirror.Pruned, "nonfree-fedora-updates-released-25", "nonfree/fedora/updates/25/x86_64", mirror.KindPackage},
		{"outside the layout", "mine/x/repodata/repomd.xml", "", false, mirror.Active, "", "mine/x", mirror.KindRepomd},
		{"above all trees", "free/fedora", "", false, mirror.Active, "", "", mirror.KindOther},
		{"the root", "", "", false, mirror.Active, "", "", mirror.KindOther},
		{"looks alike", "free/fedora/updates/420/x86_64/a.rpm", "fedora-420", true, mirror.Active, "free-fedora-updates-released-420", "free/fedora/updates/420/x86_64", mirror.KindPackage},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := c.Resolve(mirror.Path(tt.path))
			if got.Release.String() != tt.release || got.Known != tt.known || got.State != tt.state || got.Repo.Name != tt.repo || string(got.RepoDir) != tt.dir || got.Kind != tt.kind {
				t.Errorf("%s: %+v", tt.path, got)
			}
		})
	}
}

// What the catalog precomputes is what the layout says, for every path below what it knows.
func TestResolveAgreesWithTheLayout(t *testing.T) {
	for name, all := range ways {
		l := layout(t, name)
		var dirs []string
		for _, w := range all {
			dirs = append(dirs, w.dir)
		}
		c := mirror.NewCatalog(l, nil, found(l, dirs...))
		for _, dir := range dirs {
			for _, below := range []string{"", "/README", "/repodata/repomd.xml", "/Packages/x/x.rpm"} {
				for p := mirror.Path(dir + below); p != ""; p = p.Dir() {
					place, ok := l.Place(p)
					if res := c.Resolve(p); res.Known != ok || res.Place != place {
						t.Errorf("%s: %s: catalog %+v, layout %+v %v", name, p, res.Place, place, ok)
					}
				}
			}
		}
	}
}

func TestResolveTakesTheDocumentsWordForATree(t *testing.T) {
	l := layout(t, "rpmfusion")
	d := document(t, "old-1", mirror.Archived, []mirror.Path{"moved/tree"}, nil)
	got := mirror.NewCatalog(l, d, nil).Resolve("moved/tree/x86_64/a.rpm")
	if !got.Known || got.Release.String() != "old-1" || got.State != mirror.Archived {
		t.Errorf("%+v", got)
	}
}

// Someone once ran createrepo in a directory that holds whole trees.
func TestARepositoryAroundATreeDoesNotReachIntoIt(t *testing.T) {
	l := layout(t, "rpmfusion")
	c := mirror.NewCatalog(l, nil, found(l, "", "free/fedora", "free/fedora/updates/42/x86_64"))
	for p, dir := range map[mirror.Path]mirror.Path{
		"free/fedora/updates/42/README": "", "free/fedora/updates/42/x86_64/a.rpm": "free/fedora/updates/42/x86_64",
		"free/fedora/repodata/repomd.xml": "free/fedora", "free/fedora": "free/fedora", "repodata/repomd.xml": "",
	} {
		if got := c.Resolve(p); got.RepoDir != dir || got.Known != p.Under("free/fedora/updates/42") {
			t.Errorf("%s: %+v", p, got)
		}
	}
}

func TestLookup(t *testing.T) {
	l := layout(t, "rpmfusion")
	d := document(t, "fedora-25", mirror.Pruned, []mirror.Path{"free/fedora/updates/25"}, found(l, "free/fedora/updates/25/x86_64"))
	c := mirror.NewCatalog(l, d, found(l, "free/el/updates/7/x86_64", "free/el/updates/8/x86_64", "free/el/updates/8.10/x86_64", "free/el/updates/10/x86_64",
		"free/el/updates/10/SRPMS", "free/fedora/development/x86_64/os/debug", "free/fedora/development/45/Everything/x86_64/os",
		"free/fedora/releases/45/Everything/x86_64/os", "free/fedora-secondary/releases/25/Everything/s390x/os"))
	tests := []struct {
		name, arch string
		dir        string // "" = not found
		canonical  string
		state      mirror.State
	}{
		{"free-el-updates-released-7", "x86_64", "free/el/updates/7/x86_64", "free-el-updates-released-7", mirror.Active},
		{"free-el-updates-released-7Server", "x86_64", "free/el/updates/7/x86_64", "free-el-updates-released-7", mirror.Active},
		{"free-el-updates-released-7Client", "x86_64", "free/el/updates/7/x86_64", "free-el-updates-released-7", mirror.Active},
		{"free-el-updates-released-7Workstation", "x86_64", "free/el/updates/7/x86_64", "free-el-updates-released-7", mirror.Active},
		{"free-el-updates-released-7.9", "x86_64", "free/el/updates/7/x86_64", "free-el-updates-released-7", mirror.Active},
		{"free-el-updates-released-10.1", "x86_64", "free/el/updates/10/x86_64", "free-el-updates-released-10", mirror.Active},
		{"free-el-updates-released-source-10.1", "x86_64", "free/el/updates/10/SRPMS", "free-el-updates-released-source-10", mirror.Active},
		{"free-el-updates-released-8.10", "x86_64", "free/el/updates/8.10/x86_64", "free-el-updates-released-8", mirror.Active}, // exact first
		{"free-el-updates-released-8.9", "x86_64", "free/el/updates/8/x86_64", "free-el-updates-released-8", mirror.Active},
		{"free-el-updates-released-7", "s390x", "", "", ""},
		{"free-el-updates-released-6", "x86_64", "", "", ""},
		{"FREE-el-updates-released-7", "x86_64", "", "", ""},
		{"free-fedora-debug-rawhide", "x86_64", "free/fedora/development/x86_64/os/debug", "free-fedora-rawhide-debug", mirror.Active},
		{"free-fedora-rawhide-debug", "x86_64", "free/fedora/development/x86_64/os/debug", "free-fedora-rawhide-debug", mirror.Active},
		{"free-fedora-45", "x86_64", "free/fedora/releases/45/Everything/x86_64/os", "free-fedora-45", mirror.Active}, // released wins over branched
		{"free-fedora-25", "s390x", "free/fedora-secondary/releases/25/Everything/s390x/os", "free-fedora-25", mirror.Pruned},
		{"free-fedora-updates-released-25", "x86_64", "free/fedora/updates/25/x86_64", "free-fedora-updates-released-25", mirror.Pruned},
		{"", "", "", "", ""},
	}
	for _, tt := range tests {
		repo, state, ok := c.Lookup(mirror.RepoID{Name: tt.name, Arch: tt.arch})
		if ok != (tt.dir != "") || string(repo.Dir) != tt.dir || repo.Name != tt.canonical || state != tt.state {
			t.Errorf("%s arch=%s: %+v, %q, %v", tt.name, tt.arch, repo, state, ok)
		}
	}
	for _, repo := range c.Repositories() {
		if got, _, ok := c.Lookup(repo.RepoID); !ok || got != repo {
			t.Errorf("Repositories has %+v, Lookup says %+v, %v", repo, got, ok)
		}
	}
	if !slices.IsSortedFunc(c.Repositories(), func(a, b mirror.Repository) int { return a.Compare(b.RepoID) }) {
		t.Error("Repositories are not sorted")
	}
}

// An EL directory of exactly the spelling asked for comes before that of the whole number.
func TestLookupPrefersTheExactDirectory(t *testing.T) {
	l := layout(t, "epel")
	c := mirror.NewCatalog(l, nil, found(l, "epel/10/Everything/x86_64", "epel/10.0/Everything/x86_64"))
	for version, dir := range map[string]string{"10": "epel/10/", "10.0": "epel/10.0/", "10.1": "epel/10/"} {
		repo, _, ok := c.Lookup(mirror.RepoID{Name: "epel-z-" + version, Arch: "x86_64"})
		if !ok || !strings.HasPrefix(string(repo.Dir), dir) {
			t.Errorf("%s: %+v, %v; want below %s", version, repo, ok, dir)
		}
	}
}

func TestRootAndDocumentDisagree(t *testing.T) {
	l := layout(t, "rpmfusion")
	id := mirror.RepoID{Name: "free-fedora-25", Arch: "x86_64"}
	recorded := found(l, "free/fedora/releases/25/Everything/x86_64/os")
	inRoot := found(l, "free-archive/fedora/releases/25/Everything/x86_64/os")
	for state, want := range map[mirror.State]mirror.Path{
		mirror.Archiving: inRoot[0].Dir, mirror.Archived: recorded[0].Dir, mirror.Pruned: recorded[0].Dir, mirror.Restoring: recorded[0].Dir,
	} {
		c := mirror.NewCatalog(l, document(t, "fedora-25", state, nil, recorded), inRoot)
		repo, got, ok := c.Lookup(id)
		if !ok || repo.Dir != want || got != state {
			t.Errorf("%s: %+v, %s, %v; want %s", state, repo, got, ok, want)
		}
	}
}

func TestReleases(t *testing.T) {
	l := layout(t, "rpmfusion")
	d := document(t, "fedora-25", mirror.Pruned, []mirror.Path{"free/fedora/releases/25"}, found(l, "free/fedora/releases/25/Everything/x86_64/os"))
	c := mirror.NewCatalog(l, d, found(l, "free/fedora/updates/9/i386", "free/fedora/updates/10/i386", "free/fedora/development/i386/os", "mine/x"), "free/el/updates/7Server", "README")
	var got []string
	for _, s := range c.Releases() {
		got = append(got, fmt.Sprint(s.Release, " ", s.State, " ", s.Trees, " ", len(s.Repositories), " ", s.Record != nil))
	}
	want := []string{
		"el-7 active [free/el/updates/7Server] 0 false",
		"fedora-9 active [free/fedora/updates/9] 1 false",
		"fedora-10 active [free/fedora/updates/10] 1 false",
		"fedora-25 pruned [free/fedora/releases/25] 1 true",
		"fedora-rawhide active [free/fedora/development/i386] 1 false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if c.Generation() != d.Generation {
		t.Errorf("generation %d, want %d", c.Generation(), d.Generation)
	}
}

// bigCatalog knows some 500 repositories.
func bigCatalog(tb testing.TB) *mirror.Catalog {
	l := layout(tb, "rpmfusion")
	var dirs []string
	for v := 8; v < 45; v++ {
		for _, flavor := range []string{"free", "nonfree"} {
			for _, arch := range []string{"i386", "x86_64", "aarch64"} {
				dirs = append(dirs, fmt.Sprintf("%s/fedora/updates/%d/%s", flavor, v, arch), fmt.Sprintf("%s/fedora/updates/%d/%s/debug", flavor, v, arch))
			}
		}
	}
	return mirror.NewCatalog(l, document(tb, "fedora-25", mirror.Archived, nil, nil), found(l, dirs...))
}

func TestResolveAllocatesNothingForWhatItKnows(t *testing.T) {
	c := bigCatalog(t)
	for p, most := range map[mirror.Path]float64{
		"free/fedora/updates/25/x86_64/repodata/repomd.xml": 0,
		"free/fedora/updates/42/README":                     0,
		"free/fedora/updates/42/s390x/a.rpm":                1,
		"nowhere/at/all":                                    0,
	} {
		if n := testing.AllocsPerRun(100, func() { c.Resolve(p) }); n > most {
			t.Errorf("%s: %v allocations, at most %v", p, n, most)
		}
	}
}

func BenchmarkResolve(b *testing.B) {
	c := bigCatalog(b)
	for _, bb := range []struct{ name, path string }{
		{"repomd", "free/fedora/updates/25/x86_64/repodata/repomd.xml"},
		{"package", "nonfree/fedora/updates/42/x86_64/debug/x/xorg-x11-drv-nvidia-debuginfo-470.1-1.fc42.x86_64.rpm"},
		{"unknown repository", "free/fedora/updates/42/s390x/a.rpm"},
		{"unknown tree", "free/fedora/tainted/60/x86_64/a.rpm"},
		{"no tree", "favicon.ico"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Resolve(mirror.Path(bb.path))
			}
		})
	}
}

func BenchmarkLookup(b *testing.B) {
	c := bigCatalog(b)
	for _, name := range []string{"free-fedora-updates-released-25", "free-fedora-updates-released-25.1", "no-such-thing"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Lookup(mirror.RepoID{Name: name, Arch: "x86_64"})
			}
		})
	}
}
