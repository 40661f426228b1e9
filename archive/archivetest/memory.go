package archivetest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strconv"
	"sync"

	"mirrorctl/archive"
	"mirrorctl/mirror"
)

// Memory is a strict Store in memory that has no more abilities than a bucket: no directories,
// no hard links. It breaks off where a caller breaks the contract.
type Memory struct {
	mu      sync.Mutex
	objects map[mirror.Path]object
	docs    map[mirror.Path]document
	version int
}

type object struct {
	archive.Object
	data []byte
	job  string
}

type document struct {
	data []byte
	tag  string
}

var (
	_ archive.Store     = (*Memory)(nil)
	_ archive.Documents = (*Memory)(nil)
	_ archive.Undoer    = (*Memory)(nil)
)

// NewMemory makes an empty store.
func NewMemory() *Memory {
	return &Memory{objects: map[mirror.Path]object{}, docs: map[mirror.Path]document{}}
}

func strictPath(p mirror.Path) error {
	if q, err := mirror.ParsePath(string(p)); err != nil || q != p || p == "" {
		return fmt.Errorf("archivetest: a caller passed the path %q", p)
	}
	return nil
}

// Put reads src to its end before the object appears.
func (m *Memory) Put(ctx context.Context, job string, e archive.Entry, src archive.Source) error {
	if err := cmp.Or(strictPath(e.Path), ctx.Err()); err != nil {
		return err
	}
	o := object{Object: archive.Object{Path: e.Path, Type: e.Type, MTime: e.MTime, Target: e.Target}, job: job}
	switch {
	case job == "" || e.Type == archive.Dir || (e.Type == archive.Symlink) != (src == nil):
		return fmt.Errorf("archivetest: Put of a %s by job %q", e.Type, job)
	case e.Type == archive.File:
		data, err := io.ReadAll(src)
		if err != nil {
			return err
		}
		if int64(len(data)) != e.Size {
			return fmt.Errorf("archivetest: %s has %d bytes, announced were %d", e.Path, len(data), e.Size)
		}
		o.data, o.Size, o.Sum = data, e.Size, sha256.Sum256(data)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.objects[e.Path]; taken {
		return &fs.PathError{Op: "put", Path: string(e.Path), Err: fs.ErrExist}
	}
	m.objects[e.Path] = o
	return nil
}

func missing(op string, p mirror.Path) error {
	return &fs.PathError{Op: op, Path: string(p), Err: fs.ErrNotExist}
}

// Open reads what Put stored.
func (m *Memory) Open(_ context.Context, p mirror.Path) (io.ReadCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.objects[p]
	if !ok || o.Type != archive.File {
		if d, ok := m.docs[p]; ok {
			return io.NopCloser(bytes.NewReader(d.data)), nil
		}
		return nil, missing("open", p)
	}
	return io.NopCloser(bytes.NewReader(o.data)), nil
}

// Stat tells what Put stored.
func (m *Memory) Stat(_ context.Context, p mirror.Path) (archive.Object, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, ok := m.objects[p]
	if !ok {
		return archive.Object{}, missing("stat", p)
	}
	return o.Object, nil
}

// List yields a snapshot in order.
func (m *Memory) List(_ context.Context, prefix mirror.Path) iter.Seq2[archive.Object, error] {
	return func(yield func(archive.Object, error) bool) {
		m.mu.Lock()
		names := slices.Sorted(maps.Keys(m.objects))
		m.mu.Unlock()
		for _, p := range names {
			if !p.Under(prefix) || p.Reserved() {
				continue
			}
			m.mu.Lock()
			o, ok := m.objects[p]
			m.mu.Unlock()
			if ok && !yield(o.Object, nil) {
				return
			}
		}
	}
}

// Load returns a copy of a document.
func (m *Memory) Load(_ context.Context, p mirror.Path) ([]byte, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.docs[p]
	if !ok {
		return nil, "", missing("load", p)
	}
	return bytes.Clone(d.data), d.tag, nil
}

// Swap compares tags.
func (m *Memory) Swap(_ context.Context, p mirror.Path, tag string, data []byte) (string, error) {
	if err := strictPath(p); err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.docs[p].tag != tag {
		return "", fmt.Errorf("%s: %w", p, archive.ErrMoved)
	}
	m.version++
	d := document{bytes.Clone(data), strconv.Itoa(m.version)}
	m.docs[p] = d
	return d.tag, nil
}

// Remove forgets an object.
func (m *Memory) Remove(_ context.Context, o archive.Object) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, o.Path)
	return nil
}

// Sweep has nothing to do: an interrupted Put leaves nothing.
func (m *Memory) Sweep(context.Context, string, []mirror.Path) error { return nil }

// Flip changes one byte of a stored file, as a rotting disk does.
func (m *Memory) Flip(p mirror.Path) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.objects[p]
	o.data = bytes.Clone(o.data)
	o.data[len(o.data)/2] ^= 1
	m.objects[p] = o
}

// Drop loses a stored file.
func (m *Memory) Drop(p mirror.Path) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, p)
}

// Len is how many objects there are.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.objects)
}
