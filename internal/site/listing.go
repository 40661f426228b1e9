package site

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"mirrorctl/internal/web"
	"mirrorctl/mirror"
)

// list names what is in a directory. It asks the directory itself for each name: one that is moved away meanwhile
// is listed whole all the same, and not as if it were empty. O_DIRECTORY keeps a fifo from holding us up.
func (t *tree) list(ctx context.Context, p mirror.Path) ([]web.Entry, error) {
	d, err := t.dir.OpenFile(p.FS(), os.O_RDONLY|syscall.O_DIRECTORY, 0)
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
			// What is gone, or a link to nowhere or out of the tree, is left out.
			if e, err := t.entry(d, p, n.Name()); err == nil {
				all = append(all, e)
			}
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

// entry looks at one name in d, which is the directory p. Only a link leads back to the tree.
func (t *tree) entry(d *os.File, p mirror.Path, name string) (web.Entry, error) {
	var st unix.Stat_t
	if err := unix.Fstatat(int(d.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return web.Entry{}, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	if st.Mode&unix.S_IFMT == unix.S_IFLNK {
		target, err := t.dir.Stat(p.Join(mirror.Path(name)).FS())
		if err != nil {
			return web.Entry{}, err
		}
		return web.Entry{Name: name, Dir: target.IsDir(), Size: target.Size(), ModTime: target.ModTime()}, nil
	}
	return web.Entry{Name: name, Dir: st.Mode&unix.S_IFMT == unix.S_IFDIR, Size: st.Size, ModTime: time.Unix(st.Mtim.Unix())}, nil
}
