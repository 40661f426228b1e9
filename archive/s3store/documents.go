package s3store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/minio/minio-go/v7"

	"mirrorctl/archive"
	"mirrorctl/mirror"
)

// maxDocument is the largest document read, in bytes: a manifest of two million files.
const maxDocument = 256 << 20

// Load reads a document. Its tag is its ETag.
func (s *Store) Load(ctx context.Context, p mirror.Path) (data []byte, tag string, err error) {
	_, err = s.try(ctx, "load", s.key(p), func() error {
		r, etag, err := s.get(ctx, p)
		if err != nil {
			return err
		}
		data, err = io.ReadAll(io.LimitReader(r, maxDocument+1))
		tag = etag
		return errors.Join(err, r.Close())
	})
	switch {
	case err != nil:
		return nil, "", err
	case len(data) > maxDocument:
		return nil, "", fmt.Errorf("load %s: more than %d bytes", p, maxDocument)
	case tag == "":
		return nil, "", fmt.Errorf("load %s: %w: no ETag", p, errAnswer)
	}
	return data, tag, nil
}

// Swap writes a document under the condition that the one which has tag still stands, or none.
func (s *Store) Swap(ctx context.Context, p mirror.Path, tag string, data []byte) (string, error) {
	if err := s.trust(ctx); err != nil {
		return "", err
	}
	m := newMeta("")
	next, err := s.write(ctx, p, data, m, func(o *minio.PutObjectOptions) {
		if tag == "" {
			o.SetMatchETagExcept("*")
		} else {
			o.SetMatchETag(tag)
		}
	})
	// A document that is gone is refused as absent, one that changed as a condition not met.
	if !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist) {
		return next, err
	}
	stands, about, herr := s.head(ctx, p)
	switch {
	case herr == nil && stands.put == m.put:
		return about.ETag, nil // it was done, and the answer lost
	case herr != nil && !errors.Is(herr, fs.ErrNotExist):
		return "", herr
	}
	return "", fmt.Errorf("%s: %w", p, archive.ErrMoved)
}

// write puts data at p under a condition and returns its ETag.
func (s *Store) write(ctx context.Context, p mirror.Path, data []byte, m meta, condition func(*minio.PutObjectOptions)) (tag string, err error) {
	key, sum := s.key(p), archive.Sum(sha256.Sum256(data))
	_, err = s.try(ctx, "write", key, func() error {
		opts := options(m, sum)
		condition(&opts)
		up, err := s.core.PutObject(ctx, s.bucket, key, bytes.NewReader(data), int64(len(data)), "", sum.String(), opts)
		if err == nil && up.ETag == "" {
			return fmt.Errorf("%w: no ETag", errAnswer)
		}
		tag = up.ETag
		return err
	})
	if err != nil {
		return "", err
	}
	return tag, nil
}

// hashName is a short name for a long one.
func hashName(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}
