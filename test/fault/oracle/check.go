//go:build linux

package oracle

import (
	"fmt"
	"maps"
	"slices"
)

// Check holds the invariants that must be true at every instant. Each violation begins with the
// invariant's number.
func (s Site) Check() (phase string, violations []string, err error) {
	c, err := s.look()
	if err != nil {
		return c.phase, nil, err
	}
	v := &verdict{}
	s.untouched(c, v)
	s.somewhere(c, v)
	s.whole(c, v)
	s.bystanders(c, v)
	return c.phase, v.list, nil
}

type verdict struct{ list []string }

func (v *verdict) add(format string, args ...any) {
	v.list = append(v.list, fmt.Sprintf(format, args...))
}

func (v *verdict) all(prefix string, diffs []string) {
	for _, d := range diffs {
		v.add("%s: %s", prefix, d)
	}
}

// content is what must be equal of a file wherever it lies.
const content = Modes | Times

// untouched is I2: before published nothing in the root has changed, and nothing was added.
func (s Site) untouched(c scene, v *verdict) {
	switch {
	case fromArchive(c.phase):
	case c.phase == Active && s.Restored:
		by := content | DirTimes
		if !s.Rebuilt {
			by |= Inodes
		}
		now := c.root.Public()
		v.all("I2 after restore", Diff(s.Before.Without("."), now.Without("."), by))
		v.all("I2 after restore", Diff(s.Before.Under(s.Trees...), now.Under(s.Trees...), Groups))
	default:
		v.all("I2", Diff(s.Before, c.root, content|DirTimes|Inodes|Groups))
	}
}

// somewhere is I1 and I6: each file of the release is whole in the root, in the trash or in the
// archive; and what the journal calls put is in the archive.
func (s Site) somewhere(c scene, v *verdict) {
	release := s.Before.Under(s.Trees...)
	for _, path := range slices.Sorted(maps.Keys(release)) {
		e := release[path]
		if e.Type.IsDir() {
			continue
		}
		whole := func(place Snapshot) bool {
			o, there := place[path]
			return there && e.Same(o, 0) == ""
		}
		if !whole(c.root) && !whole(c.trash) && !whole(c.store) {
			v.add("I1: %s is whole neither in the root nor in the trash nor in the archive", path)
		}
		_, inRoot := c.root[path]
		_, inTrash := c.trash[path]
		if !inRoot && !inTrash && !whole(c.store) {
			v.add("I6: %s was unlinked and the archive does not hold it", path)
		}
	}
	for _, path := range c.put {
		if _, there := c.store[path]; !there {
			v.add("I1: the journal knows a copy of %s in the archive, where there is none", path)
		}
	}
}

// whole is I3, I4 and their like in the root: nothing is seen in part under its own name.
func (s Site) whole(c scene, v *verdict) {
	release := s.Before.Under(s.Trees...)
	if fromArchive(c.phase) {
		v.all("I3", Diff(release, c.store.Under(s.Trees...), content|DirTimes|Groups))
	}
	for _, path := range slices.Sorted(maps.Keys(c.store)) {
		e := c.store[path]
		want, known := s.Before[path]
		_, ours := release[path]
		switch {
		case !known || !ours && !e.Type.IsDir():
			v.add("I4: %s is in the archive and was never in the release", path)
		case e.Type.IsDir() && want.Type.IsDir(): // modes and times come last
		default:
			if how := want.Same(e, content); how != "" {
				v.add("I4: %s in the archive %s", path, how)
			}
		}
	}
	// A tree leaves the root, and comes back, in one step.
	for _, tree := range s.Trees {
		want, got := s.Before.Under(tree), c.root.Under(tree)
		if _, there := got[tree]; there && fromArchive(c.phase) {
			v.all("I4 in the root", Diff(want, got, content|DirTimes))
		}
	}
	for path, e := range c.trash {
		if want, known := release[path]; known && !e.Type.IsDir() {
			if how := want.Same(e, content|Inodes); how != "" {
				v.add("I6: %s in the trash %s", path, how)
			}
		}
	}
}

// bystanders: what belongs to no tree of the release is never touched. Only the times of the
// directories that lose or gain a tree may move.
func (s Site) bystanders(c scene, v *verdict) {
	v.all("I2 of others", Diff(s.Before.Without(s.Trees...), c.root.Public().Without(s.Trees...), content|Inodes))
}
