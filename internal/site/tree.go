package site

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"mirrorctl/internal/web"
	"mirrorctl/mirror"
	"mirrorctl/repomd/hot"
)

// The names of trees.
const (
	rootTree    = "root"
	archiveTree = "archive"
)

// tree is a directory that requests are answered from: the root, or the archive's store.
type tree struct {
	name string
	dir  *os.Root
	hot  *hot.Cache // its metadata
}

func (s *Site) openTree(name, dir string) (*tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	options := s.hot
	options.Dir = filepath.Join(s.stateIn, "hot", name)
	cache, err := hot.New(options)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("keep metadata: %w", err), root.Close())
	}
	return &tree{name, root, cache}, nil
}

func (t *tree) close() error { return errors.Join(t.hot.Close(), t.dir.Close()) }

// openStore opens the archive's directory, if there is one and it is not open yet. It is never made here: a
// disk that is not mounted must not look like an archive without anything in it. But it may
// come later than the service, with the first archived release.
func (s *Site) openStore(ctx context.Context) error {
	if s.storeIn == "" || s.store.Load() != nil {
		return nil
	}
	s.opening.Lock()
	defer s.opening.Unlock()
	if s.store.Load() != nil {
		return nil
	}
	t, err := s.openTree(archiveTree, s.storeIn)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("open the archive: %w", err)
	}
	s.store.Store(t)
	s.log.DebugContext(ctx, "the archive is open", "dir", s.storeIn)
	return nil
}

// trees are those that are open: the root, and the archive behind it.
func (s *Site) trees() (all []*tree) {
	for _, t := range []*tree{s.root, s.store.Load()} {
		if t != nil {
			all = append(all, t)
		}
	}
	return all
}

// errDirectory says that a path is a directory.
var errDirectory = errors.New("is a directory")

// content finds what lies at p, metadata in memory first. The error is fs.ErrNotExist where nothing does, and
// errDirectory where a directory does.
func (t *tree) content(v *View, p mirror.Path, r mirror.Resolution, client string) (web.Content, web.Cache, error) {
	if !r.Kind.IsMetadata() {
		c, err := t.file(v, p, r)
		return c, web.CacheNone, err
	}
	if c, cache, ok, err := t.verified(p, r.Kind, client); ok {
		return c, cache, err
	}
	// The same repository by another name, such as 7Server for 7.
	if real, ok := t.canonical(p); ok && real != p {
		if c, cache, ok, err := t.verified(real, r.Kind, client); ok {
			return c, cache, err
		}
	}
	c, err := t.file(v, p, r)
	return c, web.CacheMiss, err
}

// verified finds what lies at p in the repositories in service. It is not ok where the file on disk is to answer.
func (t *tree) verified(p mirror.Path, k mirror.Kind, client string) (c web.Content, cache web.Cache, ok bool, err error) {
	if o, found := t.hot.Lookup(string(p), client); found {
		c = contentOf(o)
		if c.Bytes = o.Bytes(); c.Bytes != nil {
			return c, web.CacheHit, true, nil
		}
		// What was kept may turn out to be damaged only now; the tree still has it.
		if c.File, err = o.Open(); err == nil {
			return c, web.CacheMiss, true, nil
		}
	}
	// Of a repository in service, the signature and the index are the cache's word alone: those on disk
	// may belong to a generation that is only half there.
	if _, serving := t.hot.Repository(string(p)); serving && (k == mirror.KindRepomd || k == mirror.KindSignature) {
		return c, web.CacheNone, true, fs.ErrNotExist
	}
	return c, web.CacheNone, false, nil
}

// prepared is the web.Content of a hot object but for its bytes, made on the first request for it.
type prepared struct{ web.Content }

// contentOf is what an object of the cache looks like on the wire.
func contentOf(o *hot.Object) web.Content {
	p, ok := o.Memo().(*prepared)
	if !ok {
		control := cacheRevalidate
		if o.Immutable {
			control = cacheImmutable
		}
		p = &prepared{web.Content{
			Name: mirror.Path(o.Name).Base(), Size: o.Size, ModTime: o.ModTime, SHA256: o.SHA256, CacheControl: control,
		}.Prepared()}
		o.SetMemo(p)
	}
	return p.Content
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

// file opens a file of the tree. A fifo must not hold up a request, so nothing blocks on open.
func (t *tree) file(v *View, p mirror.Path, r mirror.Resolution) (web.Content, error) {
	f, err := t.dir.OpenFile(p.FS(), os.O_RDONLY|syscall.O_NONBLOCK, 0)
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
		f.Close()
		return web.Content{}, err
	}
	c := web.Content{Name: p.Base(), Size: st.Size(), ModTime: st.ModTime(), CacheControl: cacheControl(r.Kind), File: f}
	if t.name == archiveTree {
		// The archive's word on its own file, if the file is still what was archived.
		if e, ok := v.archived(r.Release, p); ok && e.Size == c.Size && e.MTime == c.ModTime.UnixNano() {
			c.SHA256 = e.Sum
		}
	}
	return c, nil
}
