package s3store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"

	"github.com/minio/minio-go/v7"

	"mirrorctl/archive"
	"mirrorctl/mirror"
)

// List asks page by page and holds one page at a time. A listing does not say which empty object
// is a symlink, so each of them costs a HEAD. Times are not known from it.
func (s *Store) List(ctx context.Context, prefix mirror.Path) iter.Seq2[archive.Object, error] {
	return func(yield func(archive.Object, error) bool) {
		below := s.prefix
		if prefix != "" {
			o, err := s.Stat(ctx, prefix)
			if err == nil && !yield(o, nil) {
				return
			} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
				yield(archive.Object{}, err)
				return
			}
			below = s.key(prefix) + "/"
		}
		for item, err := range s.keys(ctx, below) {
			if err != nil {
				yield(archive.Object{}, err)
				return
			}
			p, ok := s.path(item.Key)
			if !ok || p.Reserved() {
				continue
			}
			o := archive.Object{Path: p, Type: archive.File, Size: item.Size}
			if item.Size == 0 {
				if o, err = s.Stat(ctx, p); errors.Is(err, fs.ErrNotExist) {
					continue // removed since
				}
			}
			if !yield(o, err) || err != nil {
				return
			}
		}
	}
}

// keys lists all keys that begin with prefix, in order. After a page that failed it goes on
// behind the last key that was seen.
func (s *Store) keys(ctx context.Context, prefix string) iter.Seq2[minio.ObjectInfo, error] {
	return func(yield func(minio.ObjectInfo, error) bool) {
		last, stop := "", false
		for {
			seen := false
			_, err := s.try(ctx, "list", prefix, func() error {
				for item := range s.core.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true, StartAfter: last}) {
					if item.Err != nil {
						return item.Err
					}
					if item.Key <= last {
						return fmt.Errorf("%w: a listing in disorder: %q after %q", errAnswer, item.Key, last)
					}
					last, seen = item.Key, true
					if stop = !yield(item, nil); stop {
						return nil
					}
				}
				return ctx.Err()
			})
			switch {
			case err == nil || stop:
				return
			case !seen || ctx.Err() != nil || errors.Is(err, errAnswer):
				yield(minio.ObjectInfo{}, err)
				return
			}
			// It came further than before: as many attempts again.
		}
	}
}
