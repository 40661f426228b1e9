package hot

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"io/fs"

	"mirrorctl/repomd"
)

// A source is a regular file that is open and can be read at any offset by many at once.
type source interface {
	io.ReaderAt
	Stat() (fs.FileInfo, error)
	Close() error
}

// openSource opens a regular file of fsys. It looks before it opens: a named pipe, which
// `rsync -a` brings along, would hang the open.
func openSource(fsys fs.FS, name string) (source, fs.FileInfo, error) {
	if info, err := fs.Stat(fsys, name); err != nil {
		return nil, nil, err
	} else if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("open %q: not a regular file", name)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, nil, err
	}
	src, ok := f.(source)
	if !ok {
		f.Close()
		return nil, nil, fmt.Errorf("open %q: its file system cannot read at an offset", name)
	}
	info, err := src.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("open %q: not a regular file", name)
	}
	if err != nil {
		src.Close()
		return nil, nil, err
	}
	return src, info, nil
}

// reader reads the first size bytes of src, and stops when ctx ends.
func reader(ctx context.Context, src io.ReaderAt, size int64) io.Reader {
	return &patient{ctx, io.NewSectionReader(src, 0, size)}
}

type patient struct {
	ctx context.Context
	r   io.Reader
}

func (p *patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.r.Read(b)
}

// digest hashes r to its end: with SHA-256, by which the file is kept, and with the
// algorithm typ, by which the repository lists it.
func digest(r io.Reader, typ string) (sum [32]byte, n int64, listed repomd.Checksum, err error) {
	own := sha256.New()
	var w io.Writer = own
	theirs := hash.Hash(own)
	if typ != "sha256" {
		if theirs, err = repomd.NewHash(typ); err != nil {
			return sum, 0, listed, err
		}
		w = io.MultiWriter(own, theirs)
	}
	n, err = io.CopyBuffer(w, r, make([]byte, 128<<10))
	return [32]byte(own.Sum(nil)), n, repomd.SumOf(typ, theirs), err
}
