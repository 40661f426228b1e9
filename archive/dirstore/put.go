package dirstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"mirrorctl/archive"
	"mirrorctl/internal/durable"
	"mirrorctl/mirror"
)

// Put writes one file or symlink:
//
//	openat temp O_EXCL → copy → chown, fchmod, utimens → fsync → renameat2 NOREPLACE → fsync directory
func (s *Store) Put(ctx context.Context, job string, e archive.Entry, src archive.Source) error {
	d, err := s.parent(e.Path)
	if err != nil {
		return err
	}
	defer d.Close()
	temp, name := durable.TempFor(job, e.Path.Base()), e.Path.Base()
	switch {
	case e.Type == archive.Symlink:
		err = durable.PlaceLink(d, temp, name, e.Target, e.Attr())
	case s.link == Hardlink && src.File() != nil:
		err = s.placeHard(ctx, d, temp, name, e, src)
	default:
		err = durable.Place(d, temp, name, e.Attr(), func(f *os.File) error { return s.fill(ctx, f, e, src) }, nil)
	}
	if err != nil {
		return err
	}
	return s.syncs.sync(e.Path.Dir())
}

// fill copies src into f; a clone shares the blocks, and src is read all the same, to be judged.
func (s *Store) fill(ctx context.Context, f *os.File, e archive.Entry, src archive.Source) error {
	if s.link == Reflink && src.File() != nil && unix.IoctlFileClone(int(f.Fd()), int(src.File().Fd())) == nil {
		n, err := move(ctx, io.Discard, src)
		return whole(e, n, err)
	}
	n, err := move(ctx, f, src)
	return whole(e, n, err)
}

// placeHard gives the source's inode a name here, after src was read to its end. Another
// filesystem gets a copy.
func (s *Store) placeHard(ctx context.Context, d *durable.Dir, temp, name string, e archive.Entry, src archive.Source) error {
	err := d.LinkFile(src.File(), temp)
	if errors.Is(err, unix.EXDEV) || errors.Is(err, unix.EMLINK) || errors.Is(err, unix.EPERM) {
		return durable.Place(d, temp, name, e.Attr(), func(f *os.File) error { return s.fill(ctx, f, e, src) }, nil)
	} else if err != nil {
		return err
	}
	n, err := move(ctx, io.Discard, src)
	if err = whole(e, n, err); err == nil {
		// Its bytes may be younger than the last write-back.
		err = src.File().Sync()
	}
	if err == nil {
		err = d.Rename(temp, d, name)
	}
	if err != nil {
		return errors.Join(err, d.Unlink(temp))
	}
	return nil
}

func whole(e archive.Entry, n int64, err error) error {
	if err == nil && n != e.Size {
		return fmt.Errorf("put %s: %d bytes came, %d were announced", e.Path, n, e.Size)
	}
	return err
}

var buffers = sync.Pool{New: func() any { return new([1 << 20]byte) }}

// move copies until src ends. What is written goes on its way to the disk at once, so that
// the fsync at the end finds little left to do.
func move(ctx context.Context, dst io.Writer, src io.Reader) (n int64, err error) {
	const stride = 8 << 20
	buf := buffers.Get().(*[1 << 20]byte)
	defer buffers.Put(buf)
	f, _ := dst.(*os.File)
	var begun int64
	for {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		k, rerr := src.Read(buf[:])
		if _, err := dst.Write(buf[:k]); err != nil {
			return n, err
		}
		n += int64(k)
		if f != nil && n-begun >= stride {
			_ = unix.SyncFileRange(int(f.Fd()), begun, n-begun, unix.SYNC_FILE_RANGE_WRITE) // advice only
			begun = n
		}
		if rerr == io.EOF {
			return n, nil
		} else if rerr != nil {
			return n, rerr
		}
	}
}

// Link gives e.HardLink's file the further name e.Path.
func (s *Store) Link(_ context.Context, _ string, e archive.Entry) error {
	from, err := durable.OpenDir(s.root, e.HardLink.Dir().FS())
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := s.parent(e.Path)
	if err != nil {
		return err
	}
	defer to.Close()
	if err := from.Link(e.HardLink.Base(), to, e.Path.Base()); err != nil {
		return err
	}
	return s.syncs.sync(e.Path.Dir())
}

// parent opens the directory that holds p and makes what is missing of it. Modes and times
// are Finish's to give.
func (s *Store) parent(p mirror.Path) (*durable.Dir, error) {
	dir := p.Dir()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dirs[dir] {
		d, err := durable.OpenDir(s.root, dir.FS())
		if !errors.Is(err, fs.ErrNotExist) {
			return d, err
		}
	}
	d, err := durable.MkdirAllIn(s.root, dir.FS(), 0o755)
	if err == nil {
		s.dirs[dir] = true
	}
	return d, err
}

// Finish makes what directories are missing and gives all their modes and times.
func (s *Store) Finish(ctx context.Context, dirs []archive.Entry) error {
	for _, e := range dirs {
		d, err := durable.MkdirAllIn(s.root, e.Path.FS(), 0o755)
		if err != nil {
			return err
		}
		if err := d.Close(); err != nil {
			return err
		}
	}
	for _, e := range dirs {
		if err := ctx.Err(); err != nil {
			return err
		}
		d, err := durable.OpenDir(s.root, e.Path.FS())
		if err != nil {
			return err
		}
		if err := errors.Join(d.SetAttr(".", e.Attr()), d.Sync(), d.Close()); err != nil {
			return err
		}
	}
	return nil
}

// Remove unlinks a file or symlink, or an empty directory.
func (s *Store) Remove(_ context.Context, o archive.Object) error {
	d, err := durable.OpenDir(s.root, o.Path.Dir().FS())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	defer d.Close()
	if o.Type == archive.Dir {
		err = d.Rmdir(o.Path.Base())
	} else {
		err = d.Unlink(o.Path.Base())
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTEMPTY) {
		return nil
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	delete(s.dirs, o.Path)
	s.mu.Unlock()
	return d.Sync()
}

// Sweep unlinks this job's temporary files in some directories.
func (s *Store) Sweep(_ context.Context, job string, dirs []mirror.Path) error {
	for _, p := range dirs {
		d, err := durable.OpenDir(s.root, p.FS())
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return err
		}
		if err := errors.Join(d.Sweep(job), d.Close()); err != nil {
			return err
		}
	}
	return nil
}
