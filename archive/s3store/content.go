package s3store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"mirrorctl/archive"
)

// content is what a source turned out to hold, to be sent as often as it takes. Its hashes were
// taken while the source vouched for it: should the file change before it is sent, then the store
// refuses what arrives.
type content struct {
	io.ReaderAt
	size  int64
	sum   archive.Sum
	part  int64
	parts [][32]byte // of each part, where there are several
	close func() error
}

const inMemory = 4 << 20 // the most that is held of a source without a file

// read reads src to its end. Only then is anything sent.
func (s *Store) read(ctx context.Context, e archive.Entry, src archive.Source) (_ *content, err error) {
	c := &content{size: e.Size, part: s.partSize(e.Size), close: func() error { return nil }}
	copied := io.Discard
	switch f := src.File(); {
	case f != nil:
		c.ReaderAt = f // positioned reads: they do not move what src reads from
	case e.Size <= inMemory:
		b := bytes.NewBuffer(make([]byte, 0, e.Size))
		copied = b
		defer func() { c.ReaderAt = bytes.NewReader(b.Bytes()) }()
	default:
		f, err := os.CreateTemp("", "mirrorctl-s3-")
		if err != nil {
			return nil, fmt.Errorf("spool %s: %w", e.Path, err)
		}
		c.ReaderAt, c.close, copied = f, f.Close, f
		if err := os.Remove(f.Name()); err != nil { // gone with its descriptor, whatever happens
			return nil, errors.Join(fmt.Errorf("spool %s: %w", e.Path, err), f.Close())
		}
	}
	if err := c.hash(ctx, src, copied); err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", e.Path, err), c.close())
	}
	return c, nil
}

func (c *content) several() bool { return c.size > c.part }

// hash reads src, whole and part by part, and copies it.
func (c *content) hash(ctx context.Context, src io.Reader, copied io.Writer) error {
	whole, part := sha256.New(), hash.Hash(nil)
	if c.several() {
		part = sha256.New()
	}
	buf := make([]byte, 128<<10)
	var n int64
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		room := int64(len(buf))
		if part != nil {
			room = min(room, c.part-n%c.part) // a part ends where a read does
		}
		got, err := src.Read(buf[:room])
		if n += int64(got); n > c.size {
			return fmt.Errorf("more than the %d bytes announced", c.size)
		}
		whole.Write(buf[:got])
		if _, err := copied.Write(buf[:got]); err != nil {
			return fmt.Errorf("spool: %w", err)
		}
		if part != nil && got > 0 {
			part.Write(buf[:got])
			if n%c.part == 0 || n == c.size {
				c.parts = append(c.parts, [32]byte(part.Sum(nil)))
				part.Reset()
			}
		}
		if err == io.EOF {
			break
		} else if err != nil {
			return err
		}
	}
	if n != c.size {
		return fmt.Errorf("%d bytes, announced were %d", n, c.size)
	}
	c.sum = archive.Sum(whole.Sum(nil))
	return nil
}

// body is one part, or all of it. It can be read again from its start.
func (c *content) body(i int) *io.SectionReader {
	off := int64(i) * c.part
	return io.NewSectionReader(c, off, min(c.part, c.size-off))
}

// partSize is the smallest whole number of configured parts of which ten thousand are enough.
func (s *Store) partSize(size int64) int64 {
	n := int64(1)
	for n*s.part*maxParts < size {
		n++
	}
	return n * s.part
}
