package s3store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"

	"github.com/minio/minio-go/v7"

	"mirrorctl/archive"
	"mirrorctl/mirror"
)

// Put reads src to its end and sends it: whole, or in parts where it is large.
func (s *Store) Put(ctx context.Context, job string, e archive.Entry, src archive.Source) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.trust(ctx); err != nil {
		return err
	}
	m := newMeta(job)
	m.mtime = e.MTime
	switch {
	case e.Type == archive.Symlink:
		m.target = e.Target
		return s.create(ctx, e.Path, m, &content{ReaderAt: bytes.NewReader(nil), sum: sha256.Sum256(nil), part: s.part})
	case e.Type != archive.File || src == nil:
		return fmt.Errorf("put %s: a %s cannot be an object", e.Path, e.Type)
	}
	c, err := s.read(ctx, e, src)
	if err != nil {
		return err
	}
	m.sum = c.sum
	if c.several() {
		err = s.createInParts(ctx, job, e.Path, m, c)
	} else {
		err = s.create(ctx, e.Path, m, c)
	}
	return errors.Join(err, c.close())
}

// create sends c in one request.
func (s *Store) create(ctx context.Context, p mirror.Path, m meta, c *content) error {
	key := s.key(p)
	_, err := s.try(ctx, "put", key, func() error {
		opts := options(m, c.sum)
		absent(&opts)
		_, err := s.core.PutObject(ctx, s.bucket, key, c.body(0), c.size, "", c.sum.String(), opts)
		return err
	})
	if errors.Is(err, fs.ErrExist) {
		return s.mine(ctx, p, m, err)
	}
	return err
}

// mine turns a refusal into success where the object is this very write's, whose answer was lost.
func (s *Store) mine(ctx context.Context, p mirror.Path, m meta, refusal error) error {
	stands, _, err := s.head(ctx, p)
	switch {
	case err == nil && stands.put == m.put:
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err // whose it is cannot be told now
	}
	return refusal
}

// options are those of a write whose body hashes to sum.
func options(m meta, sum archive.Sum) minio.PutObjectOptions {
	h := m.headers()
	h["x-amz-checksum-sha256"] = base64.StdEncoding.EncodeToString(sum[:])
	return minio.PutObjectOptions{UserMetadata: h, DisableContentSha256: true} // signed with its hash, not chunk by chunk
}
