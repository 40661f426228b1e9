package hot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"

	"mirrorctl/repomd"
)

// readWhole is the size up to which a file is read at once and goes straight to memory. A
// larger one is streamed, and comes to memory when it is asked for.
const readWhole = 1 << 20

// gather verifies every file that the repository in dir lists, and secures its bytes. Each
// member holds a reference to its body.
func (c *Cache) gather(ctx context.Context, fsys fs.FS, dir string, parsed *repomd.Repomd) (members []member, err error) {
	for _, d := range parsed.Data {
		if d.Base != "" {
			continue
		}
		m, err := c.take(ctx, fsys, dir, d)
		if err != nil {
			c.release(bodiesOf(members))
			return nil, err
		}
		members = append(members, m)
	}
	return members, nil
}

// share holds the files of g once more.
func (c *Cache) share(g *generation) (members []member) {
	for name, o := range g.files {
		if o.body.cache != nil {
			c.acquire(o.SHA256, o.Size)
			members = append(members, member{name: name, modTime: o.ModTime, body: o.body})
		}
	}
	return members
}

func bodiesOf(members []member) []*body {
	bodies := make([]*body, len(members))
	for i, m := range members {
		bodies[i] = m.body
	}
	return bodies
}

// take verifies one listed file and secures its bytes.
func (c *Cache) take(ctx context.Context, fsys fs.FS, dir string, d repomd.Data) (m member, err error) {
	switch d.Href {
	case repomdName, signatureName, keyName:
		return m, fault(Malformed, fmt.Errorf("repomd.xml lists %q", d.Href))
	}
	if d.Checksum.IsZero() {
		return m, fault(Unchecked, fmt.Errorf("%q is listed without a checksum", d.Href))
	}
	src, info, err := openSource(fsys, path.Join(dir, d.Href))
	if err != nil {
		return m, unreadable(err)
	}
	held := false
	defer func() {
		if !held {
			src.Close()
		}
	}()
	size := info.Size()
	if d.Size >= 0 && size != d.Size {
		return m, differs(d, repomd.WrongSize, strconv.FormatInt(d.Size, 10), strconv.FormatInt(size, 10))
	}
	m = member{name: d.Href, modTime: info.ModTime()}
	if size <= readWhole {
		m.data = make([]byte, size)
		n, err := io.ReadFull(reader(ctx, src, size), m.data)
		if err != nil && !short(err) {
			return m, unreadable(fmt.Errorf("read %q: %w", d.Href, err))
		}
		m.data = m.data[:n]
	}
	sum, n, got, err := digest(content(ctx, m, src, size), d.Checksum.Type)
	switch {
	case err != nil:
		return m, unreadable(fmt.Errorf("read %q: %w", d.Href, err))
	case n != size:
		return m, differs(d, repomd.WrongSize, strconv.FormatInt(size, 10), strconv.FormatInt(n, 10))
	case !got.Equal(d.Checksum):
		return m, differs(d, repomd.WrongChecksum, d.Checksum.String(), got.String())
	}
	m.body = c.acquire(sum, size)
	if held, err = c.secure(ctx, m, src, info); err != nil {
		c.release([]*body{m.body})
		return m, err
	}
	return m, nil
}

// content reads the bytes of m again: from memory, or from the file.
func content(ctx context.Context, m member, src io.ReaderAt, size int64) io.Reader {
	if m.data != nil {
		return bytes.NewReader(m.data)
	}
	return reader(ctx, src, size)
}

// secure gives the body of m a place, unless it has one. held reports that the place is src itself.
func (c *Cache) secure(ctx context.Context, m member, src source, info fs.FileInfo) (held bool, err error) {
	b := m.body
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.place != nil {
		return false, nil
	}
	var why error
	if c.store != nil {
		var from io.ReaderAt = src
		if m.data != nil {
			from = bytes.NewReader(m.data)
		}
		kept, copied, err := c.store.keep(ctx, b.sum, b.size, from)
		switch {
		case err == nil:
			b.place = kept
			b.remember(copied)
			return false, nil
		case errors.Is(err, errMoved):
			return false, fault(Moved, fmt.Errorf("%q: %w", m.name, err))
		case ctx.Err() != nil:
			return false, ctx.Err()
		}
		why = err
		// The directory is full or gone. That is for the operator to see (Status); clients get
		// the new generation all the same.
	}
	b.place = heldFile{src, why}
	b.remember(info)
	return true, nil
}

func differs(d repomd.Data, f repomd.Fault, want, got string) error {
	return fault(Reason(f), &repomd.ChecksumError{Name: d.Href, Fault: f, Want: want, Got: got})
}
