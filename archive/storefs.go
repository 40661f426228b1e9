package archive

import (
	"context"
	"io"
	"io/fs"
	"path"
	"time"

	"mirrorctl/mirror"
)

// storeFS reads a store as an fs.FS, so that the code that judges metadata in the root
// judges it in the archive too.
type storeFS struct {
	ctx   context.Context
	store Store
}

func (s storeFS) Open(name string) (fs.File, error) {
	p, err := mirror.ParsePath(name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	o, err := s.store.Stat(s.ctx, p)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	r, err := s.store.Open(s.ctx, p)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return storeFile{r, o}, nil
}

type storeFile struct {
	io.ReadCloser
	o Object
}

func (f storeFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f storeFile) Name() string               { return path.Base(string(f.o.Path)) }
func (f storeFile) Size() int64                { return f.o.Size }
func (f storeFile) Mode() fs.FileMode          { return 0o444 }
func (f storeFile) ModTime() time.Time         { return time.Unix(0, f.o.MTime) }
func (f storeFile) IsDir() bool                { return false }
func (f storeFile) Sys() any                   { return nil }
