package hot

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"sync/atomic"
)

// A body is one content, whatever names and generations have it. Its bytes lie in a place on
// disk and, while the budget lets them, in memory.
type body struct {
	sum  [32]byte
	size int64

	bytes atomic.Pointer[[]byte] // nil: not in memory
	heat  atomic.Uint32          // times asked for, up to maxHeat; halved as others press
	lost  atomic.Bool            // the place does not have the bytes any more

	cache *Cache // nil: pinned in memory, with no place
	mu    sync.Mutex
	place place                 // set once under mu, before the body is published
	known atomic.Pointer[stamp] // of the file when it was last hashed

	refs     int  // generations and loads that hold it; guarded by Cache.mu
	resident bool // counted in the budget; guarded by Budget.mu
	dead     bool // no generation has it any more; guarded by Budget.mu
}

// maxHeat is where counting stops: once a body is that hot, a request writes nothing.
const maxHeat = 64

// pinnedBody is a body that stays in memory: a document, which its generation holds anyway.
func pinnedBody(data []byte) *body {
	b := &body{sum: sha256.Sum256(data), size: int64(len(data))}
	b.bytes.Store(&data)
	return b
}

// inMemory is the content if it is in memory, and counts the request that found it there.
func (b *body) inMemory() []byte {
	if data := b.bytes.Load(); data != nil {
		b.warm()
		return *data
	}
	return nil
}

// warm counts a request. Requests race for the counter: a lost count costs nothing, a lock would.
func (b *body) warm() {
	if h := b.heat.Load(); h < maxHeat {
		b.heat.Store(h + 1)
	}
}

func (b *body) open() (io.ReadSeekCloser, error) {
	if data := b.inMemory(); data != nil {
		return memory{bytes.NewReader(data)}, nil
	}
	b.warm()
	if data, err := b.promote(); err != nil {
		return nil, err
	} else if data != nil {
		return memory{bytes.NewReader(data)}, nil
	}
	b.cache.budget.miss(b)
	f, err := b.openPlace()
	if err != nil {
		return nil, err
	}
	if err := b.trust(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return b.place.seeker(f, b.size), nil
}

// promote brings the bytes back into memory if they are worth it. Of many requests one reads;
// the others are served from the file meanwhile. It returns nil where nothing was promoted.
func (b *body) promote() ([]byte, error) {
	budget := b.cache.budget
	if !budget.worthwhile(b) || !b.mu.TryLock() {
		return nil, nil
	}
	defer b.mu.Unlock()
	if !budget.admit(b) {
		return nil, nil
	}
	data, err := b.read()
	if err != nil {
		budget.release(b)
		return nil, err
	}
	budget.fill(b, data)
	return data, nil
}

// read reads the place whole and verifies it. The caller holds mu.
func (b *body) read() ([]byte, error) {
	f, err := b.openPlace()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data := make([]byte, b.size)
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, b.size), data); err != nil && !short(err) {
		return nil, fmt.Errorf("read %x: %w", b.sum, err)
	}
	if sha256.Sum256(data) != b.sum {
		return nil, b.condemn(errCorrupt)
	}
	return data, nil
}

func short(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// trust hashes f unless it is, by its stamp, the file that was hashed before.
func (b *body) trust(f source) error {
	if ok, err := b.stamped(f); ok || err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if ok, err := b.stamped(f); ok || err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	sum, _, _, err := digest(reader(context.Background(), f, info.Size()), "sha256")
	if err != nil {
		return fmt.Errorf("read %x: %w", b.sum, err)
	}
	if sum != b.sum {
		return b.condemn(errCorrupt)
	}
	b.remember(info)
	return nil
}

func (b *body) stamped(f source) (bool, error) {
	known := b.known.Load()
	if known == nil {
		return false, nil
	}
	info, err := f.Stat()
	return err == nil && *known == stampOf(info), err
}

func (b *body) remember(info fs.FileInfo) {
	s := stampOf(info)
	b.known.Store(&s)
}

func (b *body) openPlace() (source, error) {
	f, err := b.place.open()
	if errors.Is(err, fs.ErrNotExist) {
		b.lose()
	}
	return f, err
}

var errCorrupt = errors.New("kept file is damaged, it was dropped: the next load of its repository brings it back")

// condemn deletes the bytes in the place and forgets the body. The order matters: a load that
// sees lost writes the file anew, and the deletion must not hit that one.
func (b *body) condemn(err error) error {
	if b.lost.Load() {
		return err
	}
	if rm := b.place.discard(); rm != nil && !errors.Is(rm, fs.ErrNotExist) {
		err = errors.Join(err, rm)
	}
	b.lose()
	return fmt.Errorf("sha256 %x: %w", b.sum, err)
}

func (b *body) lose() {
	if !b.lost.Swap(true) && b.cache != nil {
		b.cache.damaged.Add(1)
	}
}
