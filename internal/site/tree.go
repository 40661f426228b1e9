package site

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"mirrorctl/internal/web"
	"mirrorctl/mirror"
	"mirrorctl/repomd/hot"
)

// tree is a directory that requests are answered from: the root, or the archive's store.
type tree struct {
	name      string
	root      *os.Root   // nil: there is none
	hot       *hot.Cache // its metadata
	manifests *manifests // what is known of its files without asking it; nil for the root
}

// content finds what lies at p, metadata in memory first. The error is fs.ErrNotExist where nothing does, and
// errDirectory where a directory does.
func (t *tree) content(v *View, p mirror.Path, r mirror.Resolution, client string) (web.Content, web.Cache, error) {
	if t.root == nil {
		return web.Content{}, web.CacheNone, fs.ErrNotExist
	}
	if !r.Kind.IsMetadata() {
		c, err := t.file(v, p, r)
		return c, web.CacheNone, err
	}
	if o, ok := t.hot.Lookup(string(p), client); ok {
		if o.Bytes() != nil {
			return contentOf(o), web.CacheHit, nil
		}
		return contentOf(o), web.CacheMiss, nil
	}
	// Of a repository in service, the signature and the index are the cache's word alone: those on disk
	// may belong to a generation that is only half there.
	if _, serving := t.hot.Repository(string(p)); serving && (r.Kind == mirror.KindRepomd || r.Kind == mirror.KindSignature) {
		return web.Content{}, web.CacheNone, fs.ErrNotExist
	}
	c, err := t.file(v, p, r)
	return c, web.CacheMiss, err
}

// prepared is the web.Content of a hot object, made on the first request for it.
type prepared struct{ whole web.Content }

// contentOf is what an object of the cache looks like on the wire.
func contentOf(o *hot.Object) web.Content {
	p, ok := o.Memo().(*prepared)
	if !ok {
		control := cacheRevalidate
		if o.Immutable {
			control = cacheImmutable
		}
		p = &prepared{web.Content{
			Name: mirror.Path(o.Name).Base(), Size: o.Size, ModTime: o.ModTime, SHA256: o.SHA256, CacheControl: control, Open: o.Open,
		}.Prepared()}
		o.SetMemo(p)
	}
	c := p.whole
	if b := o.Bytes(); b != nil {
		c.Bytes, c.Open = b, nil
	}
	return c
}

// What caches between us and the clients may do.
const (
	cacheImmutable  = "public, max-age=31536000, immutable"   // the name says the content
	cacheRevalidate = "public, max-age=60, must-revalidate"   // changes in place
	cacheOther      = "public, max-age=3600, must-revalidate" // README, keys, images: rarely
)

func cacheControl(k mirror.Kind) string {
	switch k {
	case mirror.KindPackage, mirror.KindSource, mirror.KindDelta:
		return cacheImmutable
	case mirror.KindOther, mirror.KindISO, mirror.KindImage:
		return cacheOther
	}
	return cacheRevalidate
}

// errDirectory says that a path is a directory.
var errDirectory = errors.New("is a directory")

// file opens a file of the tree. A fifo must not hold up a request, so nothing blocks on open.
func (t *tree) file(v *View, p mirror.Path, r mirror.Resolution) (web.Content, error) {
	f, err := t.root.OpenFile(p.FS(), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return web.Content{}, err
	}
	st, err := f.Stat()
	switch {
	case err != nil:
	case st.IsDir():
		err = errDirectory
	case !st.Mode().IsRegular():
		err = fs.ErrNotExist
	}
	if err != nil {
		return web.Content{}, errors.Join(err, f.Close())
	}
	c := web.Content{
		Name: p.Base(), Size: st.Size(), ModTime: st.ModTime(), CacheControl: cacheControl(r.Kind),
		Open: func() (io.ReadSeekCloser, error) { return f, nil },
	}
	if t.manifests != nil {
		// The archive's word on its own file, if the file is still what was archived.
		if e, ok := t.manifests.lookup(v, r.Release, p); ok && e.Size == c.Size && e.MTime == c.ModTime.UnixNano() {
			c.SHA256 = e.Sum
		}
	}
	return c, nil
}

// list names what is in a directory.
func (t *tree) list(ctx context.Context, p mirror.Path) ([]web.Entry, error) {
	if t.root == nil {
		return nil, fs.ErrNotExist
	}
	d, err := t.root.Open(p.FS())
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
			st, err := t.root.Stat(p.Join(mirror.Path(n.Name())).FS())
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
