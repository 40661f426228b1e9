package hot

import (
	"slices"
	"time"
)

// A view is what one repository serves: its generations, newest first, and their names in one
// map. It is immutable; a swap makes another.
type view struct {
	generations []*generation
	names       map[string]*Object // by name below the repository
	public      []Generation
	unhashed    bool // a generation has names that clients must be followed for
}

// newView lays generations over each other, newest on top.
//
// A name that only an older one has is served all the same: yum asks for filelists of a
// repomd.xml up to 6 h old, and if it is no hash there is no other answer to give. But never an older signature:
// it would stand beside a repomd.xml that it does not sign.
func newView(generations []*generation) *view {
	v := &view{generations: generations, names: map[string]*Object{}}
	for i, g := range slices.Backward(generations) {
		for name, o := range g.files {
			if i > 0 && (name == signatureName || name == keyName) {
				continue
			}
			v.names[name] = o
		}
		v.unhashed = v.unhashed || g.unhashed
	}
	for _, g := range generations {
		v.public = append(v.public, g.Generation)
	}
	return v
}

// with is v after g came into service. Older generations with the repomd.xml of g go: they
// have the same names, and a list of alternates names each repomd.xml once.
func (v *view) with(g *generation) (next *view, gone []*generation) {
	generations := []*generation{g}
	if v != nil {
		for _, old := range v.generations {
			if old.SHA256 == g.SHA256 {
				gone = append(gone, old)
			} else {
				generations = append(generations, old)
			}
		}
	}
	return newView(generations), gone
}

// at is the generation in service at the time t, or the oldest.
func (v *view) at(t time.Time) *generation {
	for _, g := range v.generations {
		if !g.LoadedAt.After(t) {
			return g
		}
	}
	return v.generations[len(v.generations)-1]
}

// prune splits off the generations that were replaced before the time limit, beyond the first
// least ones.
func (v *view) prune(limit time.Time, least int) (next *view, gone []*generation) {
	n := min(least, len(v.generations))
	for n < len(v.generations) && n < maxGenerations && v.generations[n-1].LoadedAt.After(limit) {
		n++
	}
	if n == len(v.generations) {
		return v, nil
	}
	return newView(slices.Clone(v.generations[:n])), v.generations[n:]
}

// maxGenerations bounds what a repository that is republished every minute keeps.
const maxGenerations = 1000
