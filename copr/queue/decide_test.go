package queue

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mirrorctl/copr"
)

// Each case lists builds as project:chroots; a chroot is arch with a mark: nothing waits, + offered, * at a builder, . done.
func TestDecide(t *testing.T) {
	for name, tt := range map[string]struct {
		builds []string
		window int
		want   string
	}{
		"oldest first":               {[]string{"a:x86_64", "a:x86_64", "a:x86_64"}, 2, "1/x86_64 2/x86_64"},
		"foreground first":           {[]string{"bg a:x86_64", "bg a:x86_64", "b:x86_64"}, 2, "3/x86_64 1/x86_64"},
		"fair":                       {[]string{"a:x86_64", "a:x86_64", "a:x86_64", "b:x86_64", "c:x86_64"}, 4, "1/x86_64 4/x86_64 5/x86_64 2/x86_64"},
		"who has work at hand waits": {[]string{"a:x86_64*", "a:x86_64*", "a:x86_64", "b:x86_64", "b:x86_64"}, 2, "4/x86_64 5/x86_64"},
		"the window counts offers":   {[]string{"a:x86_64+", "a:x86_64*", "b:x86_64", "b:x86_64"}, 2, "3/x86_64"},
		"each arch for itself":       {[]string{"a:x86_64+ s390x", "a:x86_64 s390x"}, 1, "1/s390x"},
		"full":                       {[]string{"a:x86_64+", "a:x86_64"}, 1, ""},
		"done is not at work":        {[]string{"a:x86_64.", "b:x86_64", "a:x86_64"}, 1, "2/x86_64"},
		"no source package":          {[]string{"nosrpm a:x86_64", "a:x86_64"}, 4, "2/x86_64"},
	} {
		var got []string
		for _, turn := range decide(builds(t, tt.builds), tt.window) {
			got = append(got, fmt.Sprintf("%d/%s", turn.build.ID, turn.chroot.Arch))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %q, want %q", name, strings.Join(got, " "), tt.want)
		}
	}
}

func builds(t *testing.T, specs []string) []*copr.Build {
	t.Helper()
	var all []*copr.Build
	now := time.Now()
	for i, spec := range specs {
		b := &copr.Build{ID: uint64(i + 1), SRPM: copr.File{Name: "x.src.rpm"}}
		spec, b.Background = strings.CutPrefix(spec, "bg ")
		spec, without := strings.CutPrefix(spec, "nosrpm ")
		if without {
			b.SRPM = copr.File{}
		}
		project, chroots, _ := strings.Cut(spec, ":")
		b.Project = copr.ProjectName{Owner: "o", Name: project}
		for c := range strings.FieldsSeq(chroots) {
			arch := strings.TrimRight(c, "+*.")
			bc := copr.BuildChroot{Chroot: copr.Chroot{Distribution: "epel", Version: "9", Arch: arch}, State: copr.Pending}
			switch strings.TrimPrefix(c, arch) {
			case "+":
				bc.Offered = &now
			case "*":
				bc.Offered, bc.State = &now, copr.Running
			case ".":
				bc.State = copr.Succeeded
			}
			b.Chroots = append(b.Chroots, bc)
		}
		all = append(all, b)
	}
	return all
}

// With every project always having work, each gets its share, however much the greediest has submitted.
func TestDecideShares(t *testing.T) {
	var specs []string
	for range 100 {
		specs = append(specs, "greedy:x86_64")
	}
	for range 10 {
		specs = append(specs, "b:x86_64", "c:x86_64")
	}
	open := builds(t, specs)
	got := map[string]int{}
	now := time.Now()
	for range 30 {
		for _, turn := range decide(open, 1) {
			got[turn.build.Project.Name]++
			c := turn.build.Chroot(turn.chroot)
			c.Offered, c.State = &now, copr.Running // at a builder, which is as slow as all are
		}
	}
	if got["greedy"] != 10 || got["b"] != 10 || got["c"] != 10 {
		t.Errorf("shares: %v", got)
	}
}

func TestSubjects(t *testing.T) {
	c := copr.Chroot{Distribution: "alma", Version: "9.4", Arch: "x86_64"}
	if got := taskSubject(42, c, 1); got != "copr.task.x86_64.42.1.alma-9=4-x86_64" {
		t.Error(got)
	}
}
