package site

import (
	"os"
	"path"

	"mirrorctl/mirror"
	"mirrorctl/mirror/index"
)

// aliases are symbolic links that name a tree of the same release once more, such as free/el/updates/7Server for 7:
// Red Hat's own clients ask by it. The link holds nothing itself, so that it neither goes to the archive
// nor leaves the root; what it leads to does.
type aliases map[mirror.Path]mirror.Path

// aliasesOf finds those among trees, which are all that the layout knows in the root. Where a link leads counts, not
// whether anything lies there: that may be in the archive by now.
func aliasesOf(root *os.Root, x *index.Index, layout *mirror.Layout, trees []mirror.Path) aliases {
	found := aliases{}
	for _, tree := range trees {
		e, ok := x.Stat(tree)
		if !ok || e.Type != index.Symlink {
			continue
		}
		text, err := root.Readlink(tree.FS())
		if err != nil || path.IsAbs(text) {
			continue // gone since, or no concern of ours: archivers refuse such a tree
		}
		target, err := mirror.ParsePath(path.Join(string(tree.Dir()), text))
		if err != nil {
			continue
		}
		from, _ := layout.Place(tree)
		to, ok := layout.Place(target)
		if ok && to.Tree == target && to.Release == from.Release {
			found[tree] = target
		}
	}
	for tree, target := range found { // a link to a link
		if next, ok := found[target]; ok && next != tree {
			found[tree] = next
		}
	}
	return found
}

// resolve tells what the catalog knows of a path, and gives it the name of its tree instead of an alias.
func (v *View) resolve(p mirror.Path) (mirror.Path, mirror.Resolution) {
	found := v.catalog.Resolve(p)
	if len(v.aliases) == 0 {
		return p, found
	}
	tree, ok := v.aliases[found.Tree]
	if !ok {
		return p, found
	}
	p = tree.Join(p.Rel(found.Tree))
	return p, v.catalog.Resolve(p)
}
