// Package dirstore keeps an archive in a directory, under the paths that the files had in the
// root: any web server can serve it, any tool can read it.
//
// It promises what archive.Store asks for with the means of a local filesystem: a file is
// written under a temporary name in its own directory, fsynced with its mode and time, and
// renamed without replacing anything; the directory is fsynced before Put returns. Many Puts
// share the fsync of a directory. Documents are replaced under a lock file.
//
// Names that begin with .mirrorctl are its own: .mirrorctl/ holds documents and locks,
// .mirrorctl-tmp-… are files being written.
package dirstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"

	"mirrorctl/archive"
	"mirrorctl/internal/durable"
	"mirrorctl/mirror"
)

// LinkMode is how files come into the store from the same filesystem. What the filesystem
// cannot do is copied.
type LinkMode string

// The modes.
const (
	Copy    LinkMode = "copy" // the zero LinkMode too
	Reflink LinkMode = "reflink"
	// Hardlink shares the inode with the root: a file that is later written in place there changes
	// in the archive as well, which verifying tells, too late. rsync does not write in place.
	Hardlink LinkMode = "hardlink"
)

// Store is an archive in a directory. It is safe for concurrent use.
type Store struct {
	dir  string
	root *os.Root
	link LinkMode

	mu    sync.Mutex // guards dirs
	dirs  map[mirror.Path]bool
	syncs syncs
}

var (
	_ archive.Store       = (*Store)(nil)
	_ archive.Documents   = (*Store)(nil)
	_ archive.Linker      = (*Store)(nil)
	_ archive.Directories = (*Store)(nil)
	_ archive.Fresh       = (*Store)(nil)
	_ archive.Undoer      = (*Store)(nil)
	_ archive.Capacity    = (*Store)(nil)
	_ archive.Local       = (*Store)(nil)
	_ archive.Exclusive   = (*Store)(nil)
)

// Open opens the archive in dir, which must exist: an archive disk that is not mounted must not
// be taken for an empty archive.
func Open(dir string, link LinkMode) (*Store, error) {
	switch link {
	case "", Copy, Reflink, Hardlink:
	default:
		return nil, fmt.Errorf("archive link mode %q: want copy, reflink or hardlink", link)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open archive: %w", err)
	}
	s := &Store{dir: dir, root: root, link: link, dirs: map[mirror.Path]bool{}}
	s.syncs.root = root
	return s, nil
}

// Close closes the directory.
func (s *Store) Close() error { return s.root.Close() }

// LocalDir is the directory.
func (s *Store) LocalDir() string { return s.dir }

// Free asks the filesystem.
func (s *Store) Free(context.Context) (bytes, files int64, err error) {
	room, err := durable.Free(s.dir)
	return room.Bytes, room.Files, err
}

// Open reads a file. Symlinks are not followed: what they lead to has a path of its own.
func (s *Store) Open(_ context.Context, p mirror.Path) (io.ReadCloser, error) {
	d, err := durable.OpenDir(s.root, p.Dir().FS())
	if err != nil {
		return nil, err
	}
	defer d.Close()
	f, err := d.Open(p.Base())
	if errors.Is(err, unix.ELOOP) {
		return nil, fmt.Errorf("open %s: a symlink: %w", p, fs.ErrNotExist)
	} else if err != nil {
		return nil, err
	}
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_SEQUENTIAL) // advice only
	return f, nil
}

// OpenFresh reads a file from the disk rather than from the page cache, as far as the kernel
// lets go of its pages, and leaves none behind: an archive of 260 GB must not push the hot files of
// a running server out of memory.
func (s *Store) OpenFresh(ctx context.Context, p mirror.Path) (io.ReadCloser, error) {
	r, err := s.Open(ctx, p)
	if err != nil {
		return nil, err
	}
	f := fresh{r.(*os.File)}
	f.forget()
	return f, nil
}

type fresh struct{ *os.File }

func (f fresh) forget() { _ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) }

func (f fresh) Close() error {
	f.forget()
	return f.File.Close()
}

// Stat is lstat.
func (s *Store) Stat(_ context.Context, p mirror.Path) (archive.Object, error) {
	d, err := durable.OpenDir(s.root, p.Dir().FS())
	if err != nil {
		return archive.Object{}, err
	}
	defer d.Close()
	return object(d, p)
}

// object is what lies at p, a name in d.
func object(d *durable.Dir, p mirror.Path) (archive.Object, error) {
	name := p.Base()
	if p == "" {
		name = "."
	}
	st, err := d.Stat(name)
	if err != nil {
		return archive.Object{}, err
	}
	o := archive.Object{Path: p, MTime: unix.TimespecToNsec(st.Mtim), Inode: st.Ino}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		o.Type, o.Size = archive.File, st.Size
	case unix.S_IFDIR:
		o.Type = archive.Dir
	case unix.S_IFLNK:
		o.Type = archive.Symlink
		o.Target, err = d.Readlink(name)
	default:
		o.Type = "device, socket or fifo"
	}
	return o, err
}

// List walks the directory without following symlinks.
func (s *Store) List(ctx context.Context, prefix mirror.Path) iter.Seq2[archive.Object, error] {
	return func(yield func(archive.Object, error) bool) {
		d, err := durable.OpenDir(s.root, prefix.Dir().FS())
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
			return
		} else if err != nil {
			yield(archive.Object{}, err)
			return
		}
		defer d.Close()
		walk(ctx, d, prefix, yield)
	}
}

// walk yields p, a name in d, and what lies below it. It returns false when yield did, or
// after an error.
func walk(ctx context.Context, d *durable.Dir, p mirror.Path, yield func(archive.Object, error) bool) bool {
	fail := func(err error) bool {
		yield(archive.Object{}, err)
		return false
	}
	if err := ctx.Err(); err != nil {
		return fail(err)
	}
	o, err := object(d, p)
	if errors.Is(err, fs.ErrNotExist) {
		return true
	} else if err != nil {
		return fail(err)
	}
	if !yield(o, nil) {
		return false
	}
	if o.Type != archive.Dir {
		return true
	}
	sub, err := d.Sub(sub(p))
	if err != nil {
		return fail(err)
	}
	defer sub.Close()
	names, err := sub.Names()
	if err != nil {
		return fail(err)
	}
	for _, name := range names {
		if mirror.Reserved(name) {
			continue
		}
		if !walk(ctx, sub, p.Join(mirror.Path(name)), yield) {
			return false
		}
	}
	return true
}

func sub(p mirror.Path) string {
	if p == "" {
		return "."
	}
	return p.Base()
}

// Hold takes a lock file in the store, for archivers with other state directories.
func (s *Store) Hold(_ context.Context, release mirror.Release) (io.Closer, error) {
	f, err := s.lockFile(mirror.Path(".mirrorctl/" + release.String()))
	if err != nil {
		return nil, err
	}
	if err := durable.Flock(f); errors.Is(err, unix.EWOULDBLOCK) {
		return nil, errors.Join(&archive.LockedError{Release: release}, f.Close())
	} else if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", release, err), f.Close())
	}
	return f, nil
}

// lockFile opens the file "lock" in a directory of our own.
func (s *Store) lockFile(dir mirror.Path) (*os.File, error) {
	d, err := durable.MkdirAllIn(s.root, string(dir), 0o755)
	if err != nil {
		return nil, fmt.Errorf("archive %s: %w", s.dir, err)
	}
	if err := d.Close(); err != nil {
		return nil, err
	}
	return s.root.OpenFile(filepath.Join(string(dir), "lock"), os.O_RDWR|os.O_CREATE, 0o644)
}
