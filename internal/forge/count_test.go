package forge

import (
	"testing"

	"mirrorctl/copr"
)

// An end is counted once: not again when the build is promoted, and again when a retry ends.
func TestEnded(t *testing.T) {
	c, _ := copr.ParseChroot("epel-9-x86_64")
	d, _ := copr.ParseChroot("epel-9-s390x")
	build := func(chroots ...copr.BuildChroot) *copr.Build { return &copr.Build{ID: 1, Chroots: chroots} }
	at := func(c copr.Chroot, s copr.State, attempt int) copr.BuildChroot {
		return copr.BuildChroot{Chroot: c, State: s, Attempt: attempt}
	}
	for _, tt := range []struct {
		name     string
		old, now *copr.Build
		want     int
	}{
		{"new, one chroot skipped at once", nil, build(at(c, copr.Importing, 0), at(d, copr.Skipped, 0)), 1},
		{"under way", build(at(c, copr.Pending, 1)), build(at(c, copr.Running, 1)), 0},
		{"one of two ends", build(at(c, copr.Running, 1), at(d, copr.Running, 1)), build(at(c, copr.Failed, 1), at(d, copr.Running, 1)), 1},
		{"promoted afterwards", build(at(c, copr.Succeeded, 1)), build(at(c, copr.Succeeded, 1)), 0},
		{"retried and failed again before anybody looked", build(at(c, copr.Failed, 1)), build(at(c, copr.Failed, 2)), 1},
		{"failed in the import", build(at(c, copr.Importing, 0)), build(at(c, copr.Failed, 0)), 1},
	} {
		if got := ended(tt.old, tt.now); len(got) != tt.want {
			t.Errorf("%s: %d ended, want %d", tt.name, len(got), tt.want)
		}
	}
}

func TestVersionOf(t *testing.T) {
	for evr, want := range map[string]string{"4.2.1-1.el9": "4.2.1", "1:4.2-3": "4.2", "4.2": "4.2", "": ""} {
		if got := versionOf(evr); got != want {
			t.Errorf("versionOf(%q) = %q, want %q", evr, got, want)
		}
	}
}
