package mirror

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"mirrorctl/internal/durable"

	"golang.org/x/sys/unix"
)

// FileState keeps the state document and the followers' words in a directory:
//
//	state.json        the document, replaced as a whole by rename
//	locks/state       flock around read, compare, write; its content means nothing
//	followers/<id>.json
//
// It is safe for several goroutines and processes of one machine. On a network file
// system it is as safe as that system's flock and rename.
type FileState struct {
	// Now tells the time; time.Now by default. It decides which followers are alive.
	Now func() time.Time

	dir string

	mu     sync.Mutex
	cached cachedDocument
}

// cachedDocument is the document last read. The file stays open, so that no newer state.json can
// have its inode number: equal stats then prove that the document is the same one.
type cachedDocument struct {
	file *os.File
	info fs.FileInfo
	doc  *Document
}

var (
	_ StateStore = (*FileState)(nil)
	_ Followers  = (*FileState)(nil)
)

// OpenFileState uses dir, which must exist: a mistyped path must not look like a site
// where nothing was ever archived.
func OpenFileState(dir string) (*FileState, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("state directory %s: is not a directory", dir)
	}
	for _, sub := range []string{"locks", "followers"} {
		if err := durable.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, fmt.Errorf("state directory: %w", err)
		}
	}
	return &FileState{Now: time.Now, dir: dir}, nil
}

// Close lets go of the cached document's file. Load opens it again.
func (s *FileState) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cached.file == nil {
		return nil
	}
	err := s.cached.file.Close()
	s.cached = cachedDocument{}
	return err
}

func (s *FileState) name() string { return filepath.Join(s.dir, "state.json") }

// Load returns the newest document. When nothing changed it costs one stat. A document that
// is cut short, unreadable or of a newer format is an error, never an empty document: that
// would call every archived release active.
func (s *FileState) Load(ctx context.Context) (*Document, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	info, err := os.Stat(s.name())
	if err == nil && s.cached.file != nil && sameFile(info, s.cached.info) {
		return s.cached.doc, nil
	}
	return s.read()
}

// sameFile compares what a stat tells. Size and mtime are for those who edit the file in place.
func sameFile(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// read reads the document anew and caches it. The caller holds mu.
func (s *FileState) read() (*Document, error) {
	f, err := os.Open(s.name())
	if errors.Is(err, fs.ErrNotExist) && s.cached.file == nil {
		return &Document{Format: DocumentFormat, Releases: map[Release]*Record{}}, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("state document %s has vanished; put it back from a backup: it says which releases are archived", s.name())
	}
	if err != nil {
		return nil, fmt.Errorf("read state document: %w", err)
	}
	info, doc, err := readDocument(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("state document %s: %w; restore it from a backup, nothing is served or archived on a guess", s.name(), err), f.Close())
	}
	if s.cached.file != nil {
		s.cached.file.Close() // it was only read
	}
	s.cached = cachedDocument{file: f, info: info, doc: doc}
	return doc, nil
}

func readDocument(f *os.File) (fs.FileInfo, *Document, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(f, MaxDocument+1))
	if err != nil {
		return nil, nil, err
	}
	doc, err := ParseDocument(raw)
	return info, doc, err
}

// Swap replaces the document of generation next.Generation-1 by next, durably. An error that is
// not ErrConflict leaves open which of the two is stored: Load tells.
func (s *FileState) Swap(ctx context.Context, next *Document) error {
	raw, err := next.encode()
	if err != nil {
		return fmt.Errorf("swap state document: %w", err)
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return fmt.Errorf("lock state document: %w", err)
	}
	defer unlock()
	current, err := s.Load(ctx)
	if err != nil {
		return err
	}
	if current.Generation != next.Generation-1 {
		return fmt.Errorf("swap state document: generation %d is stored, %d would follow %d: %w", current.Generation, next.Generation, next.Generation-1, ErrConflict)
	}
	if err := durable.Replace(s.name(), raw, 0o644); err != nil {
		return fmt.Errorf("swap state document: %w", err)
	}
	return nil
}

// lock takes the flock of all writers. Each call has its own descriptor, so goroutines
// exclude each other as processes do. The kernel lets go when the process dies.
// Tidy removes what a Swap left that was cut short. A writer calls it once, when it begins.
func (s *FileState) Tidy(ctx context.Context) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return durable.Discard(s.name())
}

func (s *FileState) lock(ctx context.Context) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(s.dir, "locks", "state"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	// A blocking flock could not be cancelled.
	for wait := time.Millisecond; ; wait = min(2*wait, 20*time.Millisecond) {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if err != unix.EWOULDBLOCK && err != unix.EINTR {
			return nil, errors.Join(fmt.Errorf("flock %s: %w", f.Name(), err), f.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		case <-time.After(wait):
		}
	}
}
