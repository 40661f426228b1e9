package mirror_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"mirrorctl/mirror"
)

func layout(t testing.TB, name string) *mirror.Layout {
	t.Helper()
	l, err := mirror.BuiltinLayout(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// way is one repository as the mirror list servers of the wild name it.
type way struct {
	dir, name, arch, release string
}

var ways = map[string][]way{
	"rpmfusion": {
		{"free/fedora/releases/42/Everything/x86_64/os", "free-fedora-42", "x86_64", "fedora-42"},
		{"free/fedora/releases/42/Everything/x86_64/debug", "free-fedora-debug-42", "x86_64", "fedora-42"},
		{"free/fedora/releases/42/Everything/source/SRPMS", "free-fedora-source-42", "source", "fedora-42"},
		{"nonfree/fedora/releases/25/Everything/i386/os", "nonfree-fedora-25", "i386", "fedora-25"},
		{"free/fedora/updates/42/x86_64", "free-fedora-updates-released-42", "x86_64", "fedora-42"},
		{"free/fedora/updates/42/aarch64/debug", "free-fedora-updates-released-debug-42", "aarch64", "fedora-42"},
		{"free/fedora/updates/42/SRPMS", "free-fedora-updates-released-source-42", "source", "fedora-42"},
		{"nonfree/fedora/updates/testing/42/x86_64", "nonfree-fedora-updates-testing-42", "x86_64", "fedora-42"},
		{"nonfree/fedora/updates/testing/42/x86_64/debug", "nonfree-fedora-updates-testing-debug-42", "x86_64", "fedora-42"},
		{"nonfree/fedora/updates/testing/42/SRPMS", "nonfree-fedora-updates-testing-source-42", "source", "fedora-42"},
		{"free/fedora/development/rawhide/Everything/x86_64/os", "free-fedora-rawhide", "x86_64", "fedora-rawhide"},
		{"free/fedora/development/rawhide/Everything/x86_64/debug", "free-fedora-rawhide-debug", "x86_64", "fedora-rawhide"},
		{"free/fedora/development/rawhide/Everything/source/SRPMS", "free-fedora-rawhide-source", "source", "fedora-rawhide"},
		{"free/fedora/development/x86_64/os", "free-fedora-rawhide", "x86_64", "fedora-rawhide"},
		{"free/fedora/development/x86_64/os/debug", "free-fedora-rawhide-debug", "x86_64", "fedora-rawhide"},
		{"free/fedora/development/source/SRPMS", "free-fedora-rawhide-source", "source", "fedora-rawhide"},
		{"free/fedora/development/45/Everything/x86_64/os", "free-fedora-45", "x86_64", "fedora-45"},
		{"free/fedora/tainted/42/x86_64", "free-fedora-tainted-42", "x86_64", "fedora-42"},
		{"free/fedora/tainted/42/x86_64/debug", "free-fedora-tainted-debug-42", "x86_64", "fedora-42"},
		{"nonfree/fedora/tainted/42/SRPMS", "nonfree-fedora-tainted-source-42", "source", "fedora-42"},
		{"free/fedora/rpi/42/aarch64", "free-fedora-rpi-42", "aarch64", "fedora-42"},
		{"nonfree/fedora/steam/42/x86_64", "nonfree-fedora-steam-42", "x86_64", "fedora-42"},
		{"nonfree/fedora/nvidia-driver/42/x86_64/debug", "nonfree-fedora-nvidia-driver-debug-42", "x86_64", "fedora-42"},
		{"nonfree/fedora/drivers/42/x86_64", "nonfree-fedora-drivers-42", "x86_64", "fedora-42"},
		{"free/fedora-secondary/releases/25/Everything/ppc64le/os", "free-fedora-25", "ppc64le", "fedora-25"},
		{"nonfree/fedora-secondary/updates/25/s390x", "nonfree-fedora-updates-released-25", "s390x", "fedora-25"},
		{"free-archive/fedora/updates/8/i386", "free-fedora-updates-released-8", "i386", "fedora-8"},
		{"nonfree-archive/el/updates/5/x86_64", "nonfree-el-updates-released-5", "x86_64", "el-5"},
		{"free/el/releases/7/Everything/x86_64/os", "free-el-7", "x86_64", "el-7"},
		{"free/el/updates/9/x86_64", "free-el-updates-released-9", "x86_64", "el-9"},
		{"free/el/updates/9/x86_64/debug", "free-el-updates-released-debug-9", "x86_64", "el-9"},
		{"free/el/updates/9/SRPMS", "free-el-updates-released-source-9", "source", "el-9"},
		{"free/el/updates/testing/9/x86_64", "free-el-updates-testing-9", "x86_64", "el-9"},
		{"free/el/updates/testing/9/SRPMS", "free-el-updates-testing-source-9", "source", "el-9"},
		{"free/el/tainted/9/x86_64", "free-el-tainted-9", "x86_64", "el-9"},
		{"free/el/tainted/10/x86_64/debug", "free-el-tainted-debug-10", "x86_64", "el-10"},
		{"free/el/rpi/9/aarch64", "free-el-rpi-9", "aarch64", "el-9"},
		{"free/el/next/10/x86_64", "free-el-next-10", "x86_64", "el-10"},
		{"free/el/next/10/SRPMS", "free-el-next-source-10", "source", "el-10"},
	},
	"fedora": {
		{"pub/fedora/linux/releases/42/Everything/x86_64/os", "fedora-42", "x86_64", "fedora-42"},
		{"pub/fedora/linux/releases/42/Everything/x86_64/debug/tree", "fedora-debug-42", "x86_64", "fedora-42"},
		{"pub/fedora/linux/releases/42/Everything/source/tree", "fedora-source-42", "source", "fedora-42"},
		{"pub/fedora/linux/releases/29/Modular/x86_64/os", "fedora-modular-29", "x86_64", "fedora-29"},
		{"pub/fedora/linux/updates/42/Everything/x86_64", "updates-released-f42", "x86_64", "fedora-42"},
		{"pub/fedora/linux/updates/42/Everything/x86_64/debug", "updates-released-debug-f42", "x86_64", "fedora-42"},
		{"pub/fedora/linux/updates/25/x86_64", "updates-released-f25", "x86_64", "fedora-25"},
		{"pub/fedora/linux/updates/25/SRPMS", "updates-released-source-f25", "source", "fedora-25"},
		{"pub/fedora/linux/updates/30/Modular/x86_64", "updates-released-modular-f30", "x86_64", "fedora-30"},
		{"pub/fedora/linux/updates/testing/42/Everything/x86_64", "updates-testing-f42", "x86_64", "fedora-42"},
		{"pub/fedora/linux/development/rawhide/Everything/x86_64/os", "rawhide", "x86_64", "fedora-rawhide"},
		{"pub/fedora/linux/development/rawhide/Everything/x86_64/debug/tree", "rawhide-debug", "x86_64", "fedora-rawhide"},
		{"pub/fedora/linux/development/rawhide/Everything/source/tree", "rawhide-source", "source", "fedora-rawhide"},
		{"pub/fedora-secondary/releases/27/Everything/s390x/os", "fedora-27", "s390x", "fedora-27"},
		{"pub/fedora/linux/openh264/42/x86_64/os", "fedora-cisco-openh264-42", "x86_64", "fedora-42"},
		{"pub/fedora/linux/core/6/i386/os", "core-6", "i386", "fedora-6"},
		{"pub/fedora/linux/core/updates/6/i386", "updates-released-fc6", "i386", "fedora-6"},
	},
	"epel": {
		{"pub/epel/9/Everything/x86_64", "epel-9", "x86_64", "epel-9"},
		{"pub/epel/9/Everything/x86_64/debug", "epel-debug-9", "x86_64", "epel-9"},
		{"pub/epel/9/Everything/source/tree", "epel-source-9", "source", "epel-9"},
		{"epel/5/i386", "epel-5", "i386", "epel-5"},
		{"epel/7/SRPMS", "epel-source-7", "source", "epel-7"},
		{"pub/epel/8/Modular/x86_64", "epel-modular-8", "x86_64", "epel-8"},
		{"pub/epel/testing/9/Everything/x86_64", "testing-epel9", "x86_64", "epel-9"},
		{"pub/epel/testing/9/Everything/x86_64/debug", "testing-debug-epel9", "x86_64", "epel-9"},
		{"pub/epel/testing/9/Everything/source/tree", "testing-source-epel9", "source", "epel-9"},
		{"pub/epel/next/9/Everything/x86_64", "epel-next-9", "x86_64", "epel-9"},
		{"pub/epel/testing/next/9/Everything/x86_64", "epel-testing-next-9", "x86_64", "epel-9"},
		{"pub/epel/10.0/Everything/x86_64", "epel-10.0", "x86_64", "epel-10.0"},
	},
	"centos": {
		{"centos/7.9.2009/os/x86_64", "centos-os-7.9.2009", "x86_64", "centos-7.9.2009"},
		{"centos/8.5.2111/BaseOS/x86_64/os", "centos-baseos-8.5.2111", "x86_64", "centos-8.5.2111"},
		{"centos-stream/9-stream/AppStream/aarch64/os", "centos-appstream-9-stream", "aarch64", "centos-stream-9"},
		{"centos-stream/9-stream/CRB/source/tree", "centos-crb-source-9-stream", "source", "centos-stream-9"},
		{"centos-stream/SIGs/9-stream/extras/x86_64/extras-common", "centos-extras-sig-extras-common-9-stream", "x86_64", "centos-stream-9"},
	},
	"copr": {
		{"results/adrian/criu/epel-9-aarch64", "copr:adrian:criu:epel-9", "aarch64", "epel-9"},
		{"results/adrian/criu:testing/epel-7-ppc64le", "copr:adrian:criu:testing:epel-7", "ppc64le", "epel-7"},
		{"results/@rpm/dnf-nightly/fedora-rawhide-x86_64", "copr:@rpm:dnf-nightly:fedora-rawhide", "x86_64", "fedora-rawhide"},
		{"results/a/b/centos-stream+epel-next-9-ppc64le", "copr:a:b:centos-stream+epel-next-9", "ppc64le", "centos-stream+epel-next-9"},
	},
	"flat": {
		{"tools-2/x86_64", "tools-2", "x86_64", "tools-2"},
		{"tools-2/SRPMS", "tools-source-2", "source", "tools-2"},
		{"acme/7.1/x86_64/os", "acme-7.1", "x86_64", "acme-7.1"},
		{"acme/7.1/extras/aarch64", "acme-7.1:extras", "aarch64", "acme-7.1"},
	},
}

func TestEveryNameMapsBothWays(t *testing.T) {
	for name, all := range ways {
		l := layout(t, name)
		for _, w := range all {
			id := mirror.RepoID{Name: w.name, Arch: w.arch}
			for _, below := range []string{"", "/repodata/repomd.xml", "/Packages/a/a-1-1.rpm"} {
				place, ok := l.Place(mirror.Path(w.dir + below))
				if !ok || place.Repo != id || string(place.RepoDir) != w.dir || place.Release.String() != w.release {
					t.Errorf("%s: Place(%s%s) = %+v, %v", name, w.dir, below, place, ok)
				}
				if !place.RepoDir.Under(place.Tree) {
					t.Errorf("%s: repository %s outside its tree %s", name, place.RepoDir, place.Tree)
				}
			}
			if dirs := l.Dirs(id); !slices.Contains(dirs, mirror.Path(w.dir)) {
				t.Errorf("%s: Dirs(%v) = %v, without %s", name, id, dirs, w.dir)
			}
		}
	}
}

// Whatever directory Dirs names is a repository of that very id, for every spelling.
func TestDirsLeadBackToTheirId(t *testing.T) {
	for name, all := range ways {
		l := layout(t, name)
		for _, w := range all {
			id := mirror.RepoID{Name: w.name, Arch: w.arch}
			for _, dir := range l.Dirs(id) {
				place, ok := l.Place(dir)
				if !ok || place.RepoDir != dir || place.Repo != id {
					// Another id may share a directory through an alias only.
					if !slices.Contains(l.Dirs(place.Repo), dir) {
						t.Errorf("%s: Dirs(%v) names %s, which is %+v", name, id, dir, place)
					}
				}
			}
		}
	}
}

func TestOtherSpellings(t *testing.T) {
	tests := []struct {
		layout, name, arch, first string
	}{
		{"rpmfusion", "free-fedora-debug-rawhide", "x86_64", "free/fedora/development/rawhide/Everything/x86_64/debug"},
		{"rpmfusion", "free-fedora-source-rawhide", "source", "free/fedora/development/rawhide/Everything/source/SRPMS"},
		{"rpmfusion", "free-fedora-updates-released-source-42", "x86_64", "free/fedora/updates/42/SRPMS"},    // arch=$basearch for a source repository
		{"rpmfusion", "free-fedora-updates-released-source-42", "$basearch", "free/fedora/updates/42/SRPMS"}, // unexpanded
		{"rpmfusion", "free-el-updates-released-7Server", "x86_64", "free/el/updates/7Server/x86_64"},
		{"rpmfusion", "free-fedora-rawhide", "x86_64", "free/fedora/development/rawhide/Everything/x86_64/os"},
		{"epel", "epel-z-10.1", "x86_64", "pub/epel/10.1/Everything/x86_64"},
		{"epel", "epel-z-testing-debug-10", "x86_64", "pub/epel/testing/10/Everything/x86_64/debug"},
		{"epel", "epel-testing-10", "x86_64", "pub/epel/testing/10/Everything/x86_64"},
		{"fedora", "fedora-rawhide", "x86_64", "pub/fedora/linux/development/rawhide/Everything/x86_64/os"},
	}
	for _, tt := range tests {
		dirs := layout(t, tt.layout).Dirs(mirror.RepoID{Name: tt.name, Arch: tt.arch})
		if len(dirs) == 0 || string(dirs[0]) != tt.first {
			t.Errorf("%s arch=%s: %v, want %s first", tt.name, tt.arch, dirs, tt.first)
		}
	}
	for _, version := range []string{"7Server", "7Client", "7Workstation", "7ComputeNode", "7.9"} {
		dirs := layout(t, "rpmfusion").Dirs(mirror.RepoID{Name: "free-el-updates-released-" + version, Arch: "x86_64"})
		exact, whole := slices.Index(dirs, mirror.Path("free/el/updates/"+version+"/x86_64")), slices.Index(dirs, "free/el/updates/7/x86_64")
		if exact != 0 || whole < exact {
			t.Errorf("%s: %v: want the exact directory first, then 7", version, dirs)
		}
	}
}

func TestUnknownIdsLeadNowhere(t *testing.T) {
	l := layout(t, "rpmfusion")
	for _, id := range []mirror.RepoID{
		{}, {Name: "free-fedora-42"}, {Name: "free-fedora-42", Arch: "vax"}, {Name: "free-fedora-", Arch: "x86_64"},
		{Name: "Free-fedora-42", Arch: "x86_64"}, {Name: "free-fedora-42/../..", Arch: "x86_64"}, {Name: "free-fedora-$releasever", Arch: "x86_64"},
		{Name: "free-fedora-..", Arch: "x86_64"}, {Name: "free-fedora-42", Arch: "source"}, {Name: "free-el-updates-released-7Servers", Arch: "x86_64"},
		{Name: strings.Repeat("9", 1000), Arch: "x86_64"},
	} {
		if dirs := l.Dirs(id); len(dirs) > 0 {
			t.Errorf("Dirs(%v) = %v", id, dirs)
		}
	}
}

// A tree covers all that lies below it, inside and outside repositories.
func TestTreesOwnWhatLiesBelow(t *testing.T) {
	l := layout(t, "rpmfusion")
	tests := []struct{ path, release, tree string }{
		{"free/fedora/releases/25", "fedora-25", "free/fedora/releases/25"},
		{"free/fedora/releases/25/README", "fedora-25", "free/fedora/releases/25"},
		{"free/fedora/releases/25/isos/a.iso", "fedora-25", "free/fedora/releases/25"},
		{"free/fedora/releases/25/Everything/x86_64/os/images/boot.iso", "fedora-25", "free/fedora/releases/25"},
		{"free/el/updates/7Server/x86_64/a.rpm", "el-7", "free/el/updates/7Server"},
		{"free/el/updates/7.9/x86_64/a.rpm", "el-7", "free/el/updates/7.9"},
		{"free/fedora/updates/testing/25/RPM-GPG-KEY", "fedora-25", "free/fedora/updates/testing/25"},
		{"free/fedora/updates/testing", "", ""},
		{"free/fedora/updates", "", ""},
		{"free/fedora/rpmfusion-free-release-stable.noarch.rpm", "", ""},
		{"free", "", ""},
		{"", "", ""},
		{"other/fedora/updates/25/x86_64", "", ""},
	}
	for _, tt := range tests {
		place, ok := l.Place(mirror.Path(tt.path))
		if ok != (tt.tree != "") || place.Release.String() != tt.release || string(place.Tree) != tt.tree {
			t.Errorf("%s: %+v, %v", tt.path, place, ok)
		}
	}
}

func TestLegacyLists(t *testing.T) {
	l := layout(t, "rpmfusion")
	tests := []struct{ path, name, template string }{
		{"free/fedora/.mirrorlist-free-fedora-updates", "free-fedora-updates-released-$releasever", "free/fedora/updates/$releasever/$basearch/"},
		{"nonfree/fedora/.mirrorlist-nonfree-fedora-updates-testing", "nonfree-fedora-updates-testing-$releasever", "nonfree/fedora/updates/testing/$releasever/$basearch/"},
		{"free/fedora/.mirrorlist-free-fedora-rawhide", "free-fedora-rawhide", "free/fedora/development/$basearch/os/"},
		{"free/fedora/.mirrorlist-free-fedora-releases", "free-fedora-$releasever", "free/fedora/releases/$releasever/Everything/$basearch/os/"},
		{"free/fedora/.mirrorlist-nonfree-fedora-updates", "", ""},
		{"free/fedora/.mirrorlist-free-fedora-updates/x", "", ""},
		{"free/fedora/updates/42/x86_64", "", ""},
	}
	for _, tt := range tests {
		list, ok := l.LegacyList(mirror.Path(tt.path))
		if ok != (tt.template != "") || list.Template != tt.template || list.Repo.Name != tt.name {
			t.Errorf("%s: %+v, %v", tt.path, list, ok)
		}
		if ok && list.Repo.Arch != "$basearch" {
			t.Errorf("%s: arch %s", tt.path, list.Repo.Arch)
		}
	}
}

func TestLayoutsCombine(t *testing.T) {
	l, err := mirror.NewLayout([]mirror.Rule{{Use: "rpmfusion", At: "rpmfusion"}, {Use: "epel", At: "pub/epel"}})
	if err != nil {
		t.Fatal(err)
	}
	for path, release := range map[mirror.Path]string{"rpmfusion/free/el/updates/9/x86_64": "el-9", "pub/epel/9/Everything/x86_64": "epel-9", "epel/9/Everything/x86_64": ""} {
		if place, _ := l.Place(path); place.Release.String() != release {
			t.Errorf("%s: %+v", path, place)
		}
	}
	list, ok := l.LegacyList("rpmfusion/free/fedora/.mirrorlist-free-fedora-updates")
	if !ok || list.Template != "rpmfusion/free/fedora/updates/$releasever/$basearch/" {
		t.Errorf("legacy list: %+v, %v", list, ok)
	}
}

func TestNewLayoutNamesWhatIsWrong(t *testing.T) {
	repo := func(dir, name string) []mirror.RepoRule { return []mirror.RepoRule{{Dir: dir, Name: name}} }
	tests := []struct {
		name  string
		rules []mirror.Rule
		want  []string
	}{
		{"none", nil, []string{"no rules"}},
		{"empty tree", []mirror.Rule{{Release: "a-1"}}, []string{"rule 1", "tree"}},
		{"not clean", []mirror.Rule{{Tree: "a//{version}", Release: "a-{version}"}, {Tree: "../{version}", Release: "a-{version}"}}, []string{"rule 2", "clean path"}},
		{"no release", []mirror.Rule{{Tree: "a/{version}"}}, []string{"rule 1", `tree "a/{version}"`, "release"}},
		{"release without version", []mirror.Rule{{Tree: "a/{version}", Release: "fedora"}}, []string{"rule 1", "product-version"}},
		{"open brace", []mirror.Rule{{Tree: "a/{version", Release: "a-1"}}, []string{"{ without }"}},
		{"stray brace", []mirror.Rule{{Tree: "a/version}", Release: "a-1"}}, []string{"} without {"}},
		{"unknown variable", []mirror.Rule{{Tree: "a/{version}", Release: "{product}-{version}"}}, []string{"{product}"}},
		{"bad name", []mirror.Rule{{Tree: "a/{Version}", Release: "a-1"}}, []string{"{Version}", "lower-case"}},
		{"two free", []mirror.Rule{{Tree: "a/{x}-{y}", Release: "{x}-{y}"}}, []string{"2 free variables"}},
		{"may be empty", []mirror.Rule{{Tree: "a/{x:|b}/{version}", Release: "a-{version}"}}, []string{"may be empty"}},
		{"declared twice", []mirror.Rule{{Tree: "{x:a|b}/{x:a|b}", Release: "a-{x}"}}, []string{"declared twice"}},
		{"lost variable", []mirror.Rule{{Tree: "a/{version}", Release: "a-{version}", Repos: repo("{arch}", "a")}}, []string{"repos[1]", "lacks {version}"}},
		{"no arch", []mirror.Rule{{Tree: "a/{version}", Release: "a-{version}", Repos: repo("os", "a-{version}")}}, []string{"repos[1]", "arch", "{arch}"}},
		{"no dir", []mirror.Rule{{Tree: "a/{version}", Release: "a-{version}", Repos: repo("", "a-{version}")}}, []string{"dir", `"."`}},
		{"tree in tree", []mirror.Rule{{Tree: "a/{version}/special", Release: "b-{version}"}, {Tree: "a/{version}", Release: "a-{version}"}}, []string{"rule 1", "inside the tree of rule 2"}},
		{"unknown use", []mirror.Rule{{Use: "debian"}}, []string{"debian", "rpmfusion"}},
		{"use and tree", []mirror.Rule{{Use: "epel", Tree: "a"}}, []string{"includes a layout"}},
		{"many variables", []mirror.Rule{{Tree: "{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}", Release: "a-{a}"}}, []string{"more than 8"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := mirror.NewLayout(tt.rules)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) && tt.name != "not clean" {
					t.Errorf("%q lacks %q", err, want)
				}
			}
		})
	}
}

func TestPlaceAllocatesOnlyTheName(t *testing.T) {
	l := layout(t, "rpmfusion")
	if n := testing.AllocsPerRun(100, func() { l.Place("free/fedora/updates/42/x86_64/repodata/repomd.xml") }); n > 1 {
		t.Errorf("%v allocations, want 1: the repository's name", n)
	}
}

func FuzzPlaceAndDirs(f *testing.F) {
	for _, all := range ways {
		for _, w := range all {
			f.Add(w.dir, w.name, w.arch)
		}
	}
	var layouts []*mirror.Layout
	for _, name := range mirror.BuiltinLayouts() {
		layouts = append(layouts, layout(f, name))
	}
	f.Fuzz(func(t *testing.T, dir, name, arch string) {
		for _, l := range layouts {
			if p, err := mirror.ParsePath(dir); err == nil {
				place, ok := l.Place(p)
				if ok && (!p.Under(place.Tree) || !p.Under(place.RepoDir) && place.RepoDir != "") {
					t.Fatalf("%q: %+v", p, place)
				}
				if ok && place.Repo != (mirror.RepoID{}) && len(place.Repo.Name) <= 256 && !slices.Contains(l.Dirs(place.Repo), place.RepoDir) &&
					!strings.ContainsAny(string(place.Tree), "SCW.") { // 7Server: its name leads to 7
					t.Fatalf("%q: %v does not lead back to %q but to %v", p, place.Repo, place.RepoDir, l.Dirs(place.Repo))
				}
				l.LegacyList(p)
			}
			for _, dir := range l.Dirs(mirror.RepoID{Name: name, Arch: arch}) {
				if p, err := mirror.ParsePath(string(dir)); err != nil || p != dir {
					t.Fatalf("Dirs(%q, %q) names %q: %v", name, arch, dir, err)
				}
			}
		}
	})
}

func FuzzNewLayout(f *testing.F) {
	for _, name := range []string{"rpmfusion", "flat"} {
		raw, _ := json.Marshal([]mirror.Rule{{Use: name}})
		f.Add(raw, "free/fedora/updates/25")
	}
	f.Add([]byte(`[{"tree":"z{b:|z}/{arch}","release":"a-{b}"}]`), "z/x86_64")
	f.Add([]byte(`[{"tree":"{a:x|y}{b:|z}/{version}","release":"{a}-{version}","repos":[{"dir":"{arch}","name":"{a}{b}-{version}"}]}]`), "xz/25/x86_64")
	f.Fuzz(func(t *testing.T, raw []byte, path string) {
		var rules []mirror.Rule
		if len(raw) > 4096 || json.Unmarshal(raw, &rules) != nil {
			return
		}
		l, err := mirror.NewLayout(rules)
		if err != nil {
			return
		}
		if p, err := mirror.ParsePath(path); err == nil {
			if place, ok := l.Place(p); ok {
				if r, err := mirror.ParseRelease(place.Release.String()); err != nil || r != place.Release {
					t.Fatalf("%q: %+v: %v", p, place, err)
				}
			}
		}
		l.Dirs(mirror.RepoID{Name: path, Arch: "x86_64"})
	})
}
