package forge

import (
	"reflect"
	"testing"

	"mirrorctl/copr/mock"
	"mirrorctl/copr/rpmbuild"
	"mirrorctl/internal/config"
)

// What the configuration says is what builds: a tree of another architecture is cross-compiled in, one of a chroot or of the
// machine's own is not.
func TestBuilder(t *testing.T) {
	native, foreign := "x86_64", "s390x"
	if machine() == foreign {
		native, foreign = foreign, native
	}
	cfg := &config.Config{Copr: config.Copr{Builder: "rpmbuild", Buildroots: map[string]string{native: "/n", foreign: "/f"}}}
	if machine() != native && machine() != foreign {
		t.Skip("the trees of this test are those of x86_64 and s390x; this is " + machine())
	}
	b, ok := builder(cfg).(*rpmbuild.Builder)
	if !ok || b.Roots[native].Cross != nil || b.Roots[native].Path != "/n" {
		t.Errorf("the machine's own: %+v", b)
	}
	if c := b.Roots[foreign].Cross; c == nil || *c != rpmbuild.DebianCross[foreign] {
		t.Errorf("%s is built by %+v", foreign, c)
	}
	if got := arches(cfg); len(got) != 2 {
		t.Errorf("builds for %q, want both", got)
	}

	cfg.Copr.Builder = "mock"
	cfg.Copr.Targets = map[string][]string{"epel-9": {"/srv/$basearch/os", "/srv/$basearch/extra"}}
	m, ok := builder(cfg).(*mock.Builder)
	want := map[string]mock.Target{"epel-9": {Repositories: []mock.Repository{
		{ID: "epel-9-0", BaseURL: "file:///srv/$basearch/os", Hotfix: true}, {ID: "epel-9-1", BaseURL: "file:///srv/$basearch/extra", Hotfix: true}}}}
	if !ok || !reflect.DeepEqual(m.Targets, want) {
		t.Errorf("mock builds from %+v, want %+v", m.Targets, want)
	}
}
