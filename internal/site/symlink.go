package site

import (
	"io/fs"
	"path"
	"strings"

	"mirrorctl/mirror"
)

// maxLinks is how many symbolic links a path may lead over, as in Linux.
const maxLinks = 40

// canonical is p with its symbolic links followed: the name under which the index knows what lies there, and
// with it the metadata in memory. It is not ok where nothing lies there, or outside of the tree.
func (t *tree) canonical(p mirror.Path) (mirror.Path, bool) {
	done, todo := "", string(p)
	for links := 0; todo != ""; {
		name, rest, _ := strings.Cut(todo, "/")
		switch name {
		case "", ".":
			todo = rest
			continue
		case "..": // of a link; what is done has no link in it, so that its parent is what it seems
			if done == "" {
				return "", false
			}
			done, todo = string(mirror.Path(done).Dir()), rest
			continue
		}
		at := path.Join(done, name)
		st, err := t.dir.Lstat(at)
		if err != nil {
			return "", false
		}
		if st.Mode()&fs.ModeSymlink == 0 {
			done, todo = at, rest
			continue
		}
		target, err := t.dir.Readlink(at)
		if links++; err != nil || path.IsAbs(target) || links > maxLinks {
			return "", false
		}
		todo = target + "/" + rest
	}
	return mirror.Path(done), true
}
