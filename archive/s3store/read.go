package s3store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/minio/minio-go/v7"

	"mirrorctl/archive"
	"mirrorctl/mirror"
)

// Open reads a file by a GET of its own. A symlink is not followed: what it leads to has a path
// of its own.
func (s *Store) Open(ctx context.Context, p mirror.Path) (r io.ReadCloser, err error) {
	_, err = s.try(ctx, "get", s.key(p), func() (err error) {
		r, _, err = s.get(ctx, p)
		return err
	})
	return r, err
}

// get asks once, and returns the body and the ETag.
func (s *Store) get(ctx context.Context, p mirror.Path) (io.ReadCloser, string, error) {
	if p == "" {
		return nil, "", fmt.Errorf("the bucket itself: %w", fs.ErrNotExist)
	}
	key := s.key(p)
	body, about, h, err := s.core.GetObject(ctx, s.bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return nil, "", err
	}
	if parseMeta(h).target != "" {
		return nil, "", errors.Join(fmt.Errorf("a symlink: %w", fs.ErrNotExist), body.Close())
	}
	return &reader{body, s, key}, about.ETag, nil
}

// reader names the object in the errors of its body.
type reader struct {
	io.ReadCloser
	s   *Store
	key string
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = r.s.fail("read", r.key, err)
	}
	return n, err
}

// Stat is a HEAD: S3 answers it, and everything else, as of the last write.
func (s *Store) Stat(ctx context.Context, p mirror.Path) (archive.Object, error) {
	if p == "" {
		return archive.Object{}, &fs.PathError{Op: "stat", Path: ".", Err: fs.ErrNotExist}
	}
	m, about, err := s.head(ctx, p)
	if err != nil {
		return archive.Object{}, err
	}
	o := archive.Object{Path: p, Type: archive.File, Size: about.Size, MTime: m.mtime}
	if m.target != "" {
		o.Type, o.Size, o.Target = archive.Symlink, 0, m.target
	}
	return o, nil
}

func (s *Store) head(ctx context.Context, p mirror.Path) (m meta, about minio.ObjectInfo, err error) {
	key := s.key(p)
	_, err = s.try(ctx, "head", key, func() (err error) {
		about, err = s.core.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{})
		return err
	})
	if err != nil {
		return meta{}, about, err
	}
	return parseMeta(about.Metadata), about, nil
}
