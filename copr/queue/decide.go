package queue

import (
	"cmp"
	"slices"

	"mirrorctl/copr"
)

// turn is a chroot that may be offered.
type turn struct {
	build  *copr.Build
	chroot copr.Chroot
	rank   int // tasks of its project that come before it, at work or waiting
}

// decide returns the chroots that are to be offered now, in order, so that at most window tasks of an architecture lie
// offered and not taken: what is not offered can still be overtaken and canceled. Builds of the foreground come before
// those of the background; among equals, the project that has fewest at work; then the oldest.
func decide(open []*copr.Build, window int) []turn {
	type lane struct {
		arch    string
		project copr.ProjectName
	}
	offered := map[string]int{}
	busy := map[lane]int{}
	var waiting []turn
	for _, b := range open {
		if b.SRPM.IsZero() {
			continue // a retry of what never had its source package: the hub makes it first
		}
		for i := range b.Chroots {
			c := &b.Chroots[i]
			switch {
			case c.State == copr.Pending && c.Offered == nil:
				waiting = append(waiting, turn{build: b, chroot: c.Chroot})
				continue
			case c.State == copr.Pending:
				offered[c.Chroot.Arch]++
			case !atBuilder(c):
				continue
			}
			busy[lane{c.Chroot.Arch, b.Project}]++
		}
	}
	// Foreground first and oldest first, so that ranks within a project are in this order, too.
	slices.SortFunc(waiting, func(a, b turn) int {
		return cmp.Or(byClass(a, b), byAge(a, b))
	})
	for i := range waiting {
		l := lane{waiting[i].chroot.Arch, waiting[i].build.Project}
		waiting[i].rank = busy[l]
		busy[l]++
	}
	slices.SortStableFunc(waiting, func(a, b turn) int {
		return cmp.Or(byClass(a, b), cmp.Compare(a.rank, b.rank), byAge(a, b))
	})
	return slices.DeleteFunc(waiting, func(t turn) bool {
		offered[t.chroot.Arch]++
		return offered[t.chroot.Arch] > window
	})
}

func byClass(a, b turn) int {
	switch {
	case a.build.Background == b.build.Background:
		return 0
	case b.build.Background:
		return -1
	}
	return 1
}

func byAge(a, b turn) int {
	return cmp.Or(cmp.Compare(a.build.ID, b.build.ID), a.chroot.Compare(b.chroot))
}

// atBuilder reports whether a builder has it, or had it when last heard of.
func atBuilder(c *copr.BuildChroot) bool {
	return (c.State == copr.Starting || c.State == copr.Running) && c.Result == nil
}
