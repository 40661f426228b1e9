package mirror

import "strings"

// Resolution is what a Catalog knows of one path.
type Resolution struct {
	Place
	Known bool // some tree of the layout holds the path
	State State
	Kind  Kind
}

// Resolve tells release, state, repository and kind of a path. No walk, no lock, no I/O: one map
// look-up for each element. The layout's rules run only below directories that nobody
// has seen yet. A repository that the index does not know is part of the known one around it, if any.
func (c *Catalog) Resolve(p Path) Resolution {
	res := Resolution{Kind: KindOf(p), State: Active}
	var tree *knownTree
	repo := c.dirs[""].repo
	for end := 0; end < len(p); end++ {
		if n := strings.IndexByte(string(p[end:]), '/'); n >= 0 {
			end += n
		} else {
			end = len(p)
		}
		known, ok := c.dirs[p[:end]]
		if !ok {
			continue
		}
		if known.tree != nil {
			tree, repo = known.tree, nil // a repository around a tree does not reach into it
		}
		if known.repo != nil {
			repo = known.repo
		}
	}
	switch {
	case tree != nil:
		res.Known, res.Release, res.Tree, res.State = true, tree.release, tree.path, tree.state
	case repo == nil:
		if place, ok := c.layout.Place(p); ok {
			res.Place, res.Known, res.State = place, true, c.doc.State(place.Release)
		}
		return res
	}
	switch {
	case repo != nil:
		res.Repo, res.RepoDir = repo.RepoID, repo.Dir
	case tree.rule != nil:
		res.Repo, res.RepoDir = tree.rule.repoAt(p, len(tree.path), &tree.vars)
	}
	return res
}
