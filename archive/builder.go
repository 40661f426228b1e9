package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"mirrorctl/internal/durable"
	"mirrorctl/mirror"
)

// builder copies what is missing of some trees from the archive, by the same rules as the
// way out: temp, hash, attributes, fsync, read back, rename without replace.
type builder struct {
	*run
	m     *Manifest
	where map[mirror.Path]base // of each tree

	missing []Entry
	groups  map[mirror.Path][]mirror.Path // names of each inode, by the first of them
	mu      sync.Mutex
	present map[mirror.Path]bool // files that stand, by path
	touched map[mirror.Path]bool // directories that are to be given their attributes, and synced
}

// at is where a path of the manifest lies now.
func (b *builder) at(p mirror.Path) mirror.Path {
	for tree, base := range b.where {
		if p.Under(tree) {
			return base.at(p)
		}
	}
	return p
}

// look notes what of a tree stands and what is missing, and clears away what an interrupted
// restore left half written. What stands and differs is a conflict.
func (b *builder) look(ctx context.Context, tree mirror.Path) error {
	at := b.where[tree]
	now, err := b.scanAt(ctx, at, tree)
	if err != nil {
		return err
	}
	if at == b.inRestore() {
		if err := b.sweep(at, now); err != nil {
			return err
		}
	}
	for _, e := range under(b.m.entries, tree) {
		if e.Type == File && e.Links > 1 {
			b.groups[groupOf(e)] = append(b.groups[groupOf(e)], e.Path)
		}
		n, ok := find(now, e.Path)
		switch {
		case !ok:
			b.missing = append(b.missing, e)
			continue
		case e.Type == Dir && n.Type == Dir:
			// Emptied by a purge, or begun by an earlier run; which may also have died before the directory's fsync.
			if equal, _ := same(e, n); !equal || at == b.inRestore() {
				b.touched[e.Path] = true
			}
		default:
			if equal, _ := same(e, n); !equal {
				return b.conflict("what is left of tree "+string(tree)+" is not what was archived", []string{string(e.Path) + " differs"},
					"move "+string(at.at(e.Path))+" away; the archive holds the right one")
			}
		}
		b.present[e.Path] = true
	}
	return nil
}

// sweep unlinks this job's temporary files from directories of a tree that the restore builds.
func (b *builder) sweep(at base, entries []Entry) error {
	for _, e := range entries {
		if e.Type != Dir {
			continue
		}
		d, err := durable.OpenDir(b.a.root, at.at(e.Path).FS())
		if err != nil {
			return err
		}
		if err := errors.Join(d.Sweep(b.id), d.Close()); err != nil {
			return err
		}
	}
	return nil
}

// room asks for space for what has to be copied, and 5 % more.
func (b *builder) room() error {
	var need int64
	for _, e := range b.missing {
		if e.Type == File && e.HardLink == "" {
			need += e.Size
		}
	}
	free, err := durable.Free(b.a.site.Root)
	if err != nil {
		return err
	}
	if need += need / 20; need > free.Bytes {
		return fmt.Errorf("the root has %d bytes free, the restore needs %d: %w", free.Bytes, need, unix.ENOSPC)
	}
	return nil
}

// fill makes what is missing: directories, files, further names, and last the directories'
// own modes and times, deepest first.
func (b *builder) fill(ctx context.Context) error {
	for _, e := range b.missing {
		if e.Type != Dir {
			continue
		}
		d, err := durable.MkdirAllIn(b.a.root, b.at(e.Path).FS(), 0o700)
		if err != nil {
			return err
		}
		if err := d.Close(); err != nil {
			return err
		}
		b.touch(e.Path)
	}
	for _, links := range []bool{false, true} {
		todo := filter(b.missing, func(e Entry) bool { return e.Type != Dir && (e.HardLink != "") == links })
		err := b.a.each(ctx, todo, func(ctx context.Context, e Entry) error {
			if err := b.bring(ctx, e); err != nil {
				return fmt.Errorf("restore %s: %w", e.Path, err)
			}
			b.a.prog.files.Add(1)
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, e := range directories(b.m.entries) {
		if !b.touched[e.Path] {
			continue
		}
		d, err := durable.OpenDir(b.a.root, b.at(e.Path).FS())
		if err != nil {
			return err
		}
		if err := errors.Join(d.SetAttr(".", e.Attr()), d.Sync(), d.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) touch(dir mirror.Path) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.touched[dir] = true
}

// bring makes one missing file, symlink or further name, which is durable once fill has synced the directory:
// nobody looks for it before.
func (b *builder) bring(ctx context.Context, e Entry) error {
	to := b.at(e.Path)
	d, err := durable.OpenDir(b.a.root, to.Dir().FS())
	if err != nil {
		return err
	}
	defer d.Close()
	b.touch(e.Path.Dir())
	temp := durable.TempFor(b.id, to.Base())
	switch other, ok := b.sibling(e); {
	case e.Type == Symlink:
		err = durable.PlaceLink(d, temp, to.Base(), e.Target, e.Attr())
	case ok:
		err = b.link(d, to.Base(), other)
	default:
		err = durable.Place(d, temp, to.Base(), e.Attr(),
			func(f *os.File) error { return b.fetch(ctx, e, f) },
			func(f *os.File) error { return b.readBack(ctx, e, f) })
	}
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.present[e.Path] = true
	return nil
}

// sibling finds a name of e's inode that stands already: its first name, or, of a first name
// that was purged before the others, any of them.
func (b *builder) sibling(e Entry) (mirror.Path, bool) {
	if e.Links < 2 {
		return "", false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	first := groupOf(e)
	if first != e.Path && b.present[first] {
		return first, true
	}
	for _, o := range b.groups[first] {
		if o != e.Path && b.present[o] {
			return o, true
		}
	}
	return "", false
}

func (b *builder) link(d *durable.Dir, name string, other mirror.Path) error {
	from := b.at(other)
	src, err := durable.OpenDir(b.a.root, from.Dir().FS())
	if err != nil {
		return err
	}
	return errors.Join(src.Link(from.Base(), d, name), src.Close())
}

// fetch writes an object into f and accepts it only with the manifest's hash.
func (b *builder) fetch(ctx context.Context, e Entry, f *os.File) error {
	tee := func(ctx context.Context, e Entry) (readCloser, error) {
		r, err := b.a.open(ctx, e)
		if err != nil {
			return nil, err
		}
		return struct {
			io.Reader
			io.Closer
		}{io.TeeReader(r, f), r}, nil
	}
	e.Claims = nil
	h, err := hashObject(ctx, tee, e, func(n int) { b.a.prog.bytes.Add(int64(n)) })
	if err != nil {
		return err
	}
	if h.size != e.Size || h.Sum() != e.Sum {
		return fmt.Errorf("%w: %s has other bytes there", ErrUnverified, e.Path)
	}
	return nil
}

// readBack holds what has been synced against the manifest's hash: dropped from the cache, where only
// clean pages can be, and read from the disk.
func (b *builder) readBack(ctx context.Context, e Entry, f *os.File) error {
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) // advice only
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	e.Claims = nil
	open := func(context.Context, Entry) (readCloser, error) { return io.NopCloser(f), nil }
	h, err := hashObject(ctx, open, e, func(int) {})
	if err != nil {
		return err
	}
	if h.Sum() != e.Sum {
		return fmt.Errorf("%s was written and reads back differently: %w", e.Path, unix.EIO)
	}
	return nil
}
