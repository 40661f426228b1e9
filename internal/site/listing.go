package site

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"mirrorctl/internal/web"
	"mirrorctl/mirror"
)

// list names what is in a directory. It holds on to the directory itself: one that is moved away meanwhile
// is listed whole all the same, and not as if it were empty.
func (t *tree) list(ctx context.Context, p mirror.Path) ([]web.Entry, error) {
	dir, err := t.dir.OpenRoot(p.FS())
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	d, err := dir.Open(".")
	if err != nil {
		return nil, err
	}
	defer d.Close()
	var all []web.Entry
	for ctx.Err() == nil {
		names, err := d.ReadDir(1024)
		for _, n := range names {
			if mirror.Reserved(n.Name()) {
				continue
			}
			st, err := dir.Stat(n.Name())
			if err != nil && n.Type() == fs.ModeSymlink {
				st, err = t.dir.Stat(p.Join(mirror.Path(n.Name())).FS()) // it may lead elsewhere in the tree
			}
			if err != nil { // gone, or a link to nowhere
				continue
			}
			all = append(all, web.Entry{Name: n.Name(), Dir: st.IsDir(), Size: st.Size(), ModTime: st.ModTime()})
		}
		switch {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		}
	}
	return nil, ctx.Err()
}
