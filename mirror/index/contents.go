package index

import (
	"cmp"
	"slices"

	"mirrorctl/mirror"
)

// Repositories lists the directories that hold repodata/repomd.xml, sorted. Those that the layout does not name have an empty RepoID, those outside every tree an empty Release too: their metadata can be served all the same.
func (x *Index) Repositories(l *mirror.Layout) []mirror.Repository {
	var all []mirror.Repository
	for p, n := range x.walk() {
		if n.name != "repodata" {
			continue
		}
		if i, ok := n.find("repomd.xml"); !ok || n.entries[i].Type != File {
			continue
		}
		repo := mirror.Repository{Dir: p.Dir()}
		if place, ok := l.Place(repo.Dir); ok {
			repo.Release = place.Release
			if place.RepoDir == repo.Dir {
				repo.RepoID = place.Repo
			}
		}
		all = append(all, repo)
	}
	slices.SortFunc(all, func(a, b mirror.Repository) int { return cmp.Compare(a.Dir, b.Dir) })
	return all
}

// Trees lists what lies in the root where the layout has a tree of a release: directories, with or without
// repositories in them, and symbolic links, such as 7Server to 7. NewCatalog takes it.
func (x *Index) Trees(l *mirror.Layout) []mirror.Path {
	var trees []mirror.Path
	var visit func(p mirror.Path, n *node)
	visit = func(p mirror.Path, n *node) {
		for _, e := range n.entries {
			if e.Type != Dir && e.Type != Symlink {
				continue
			}
			below := p.Join(mirror.Path(e.Name))
			if place, ok := l.Place(below); ok && place.Tree == below {
				trees = append(trees, below)
			} else if e.Type == Dir {
				visit(below, n.sub(e.Name))
			}
		}
	}
	visit("", x.root)
	return trees
}

// Total sums up files.
type Total struct {
	Files    int64 // all that is not a directory
	Bytes    int64 // of plain files; an inode with several names counts once
	Packages int64 // .rpm files, source packages included
}

// ReleaseTotal sums up a release. An inode counts once in the release, for the first arch that has it.
type ReleaseTotal struct {
	Total
	ByArch map[string]Total // "" is what lies in no repository that the layout names
}

// Totals sums up every release that the layout knows in the root.
func (x *Index) Totals(l *mirror.Layout) map[mirror.Release]ReleaseTotal {
	type inode struct {
		release mirror.Release
		dev, no uint64
	}
	seen := map[inode]bool{}
	totals := map[mirror.Release]ReleaseTotal{}
	for p, n := range x.walk() {
		if len(n.entries) == len(n.dirs) {
			continue
		}
		place, ok := l.Place(p)
		if !ok {
			continue
		}
		var here Total
		for i := range n.entries {
			e := &n.entries[i]
			if e.Type == Dir {
				continue
			}
			here.Files++
			if e.Type != File {
				continue
			}
			if kind := mirror.KindOf(mirror.Path(e.Name)); kind == mirror.KindPackage || kind == mirror.KindSource {
				here.Packages++
			}
			if e.Links > 1 {
				key := inode{place.Release, n.stamp.dev, e.Inode}
				if seen[key] {
					continue
				}
				seen[key] = true
			}
			here.Bytes += e.Size
		}
		t, ok := totals[place.Release]
		if !ok {
			t.ByArch = map[string]Total{}
		}
		t.Total = t.plus(here)
		t.ByArch[place.Repo.Arch] = t.ByArch[place.Repo.Arch].plus(here)
		totals[place.Release] = t
	}
	return totals
}

func (t Total) plus(o Total) Total {
	return Total{t.Files + o.Files, t.Bytes + o.Bytes, t.Packages + o.Packages}
}
