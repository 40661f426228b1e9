package rpmbuild

import (
	"testing"

	"mirrorctl/copr"
)

// A tree of a chroot is for that chroot alone; others of its architecture have theirs.
func TestRootOfChroot(t *testing.T) {
	b := &Builder{Roots: map[string]Root{"epel-9-s390x": {Path: "/srv/el9"}, "s390x": {Path: "/srv/cross"}}}
	for name, want := range map[string]string{"epel-9-s390x": "/srv/el9", "fedora-44-s390x": "/srv/cross"} {
		c, err := copr.ParseChroot(name)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := b.root(c); err != nil || got.Path != want {
			t.Errorf("%s: %q, %v; want %q", name, got.Path, err, want)
		}
	}
}
