package hot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"mirrorctl/internal/durable"
)

// A store is the directory that outlives the process.
type store struct {
	files, generations string // directories
	tenant             *tenant

	mu      sync.Mutex
	records map[string]bool // names of the records in use
}

func openStore(dir string) (*store, error) {
	s := &store{
		files:       filepath.Join(dir, "files"),
		generations: filepath.Join(dir, "generations"),
		records:     map[string]bool{},
	}
	for _, d := range []string{s.files, s.generations} {
		if err := durable.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	var err error
	s.tenant, err = moveIn(filepath.Join(dir, "lock"))
	return s, err
}

func (s *store) file(sum [32]byte) keptFile {
	return keptFile(filepath.Join(s.files, hex.EncodeToString(sum[:])))
}

// errMoved says that a file was not the same when it was read a second time.
var errMoved = errors.New("it changed while it was read")

// keep copies the first size bytes of src to a kept file, durably, hashing them on the way.
// A file that is there already is replaced: nobody has vouched for it.
func (s *store) keep(ctx context.Context, sum [32]byte, size int64, src io.ReaderAt) (keptFile, fs.FileInfo, error) {
	name := s.file(sum)
	err := durable.Write(string(name), 0o600, func(w io.Writer) error {
		h := sha256.New()
		if _, err := io.Copy(io.MultiWriter(w, h), reader(ctx, src, size)); err != nil {
			return err
		}
		if [32]byte(h.Sum(nil)) != sum {
			return errMoved
		}
		return nil
	})
	if err != nil {
		return "", nil, err
	}
	info, err := os.Stat(string(name))
	return name, info, err
}

// write writes the record of g. It is the commit point for a process that starts later.
func (s *store) write(g *generation) error {
	data, err := encodeRecord(g)
	if err != nil {
		return err
	}
	name := recordName(g.Dir, g.SHA256)
	s.mu.Lock()
	s.records[name] = true // before it exists: a sweep must not take it for a stray
	s.mu.Unlock()
	return durable.WriteFile(filepath.Join(s.generations, name), data, 0o600)
}

// read gives all records that can be read, and how many cannot.
func (s *store) read() (records []*record, bad int, err error) {
	entries, err := os.ReadDir(s.generations)
	if err != nil {
		return nil, 0, err
	}
	for _, e := range entries {
		if durable.IsTemp(e.Name()) {
			continue
		}
		rec, err := readRecord(filepath.Join(s.generations, e.Name()))
		if err != nil || e.Name() != rec.name() || !s.has(rec) {
			bad++ // the sweep deletes it
			continue
		}
		s.records[e.Name()] = true
		records = append(records, rec)
	}
	return records, bad, nil
}

// has reports whether the files of a record are there, by name and size. Their bytes are
// hashed when they are first served.
func (s *store) has(rec *record) bool {
	for _, f := range rec.Files {
		info, err := os.Lstat(string(s.file(f.SHA256)))
		if err != nil || !info.Mode().IsRegular() || info.Size() != f.Size {
			return false
		}
	}
	return true
}

// forget deletes the record of g: a process that starts later does not serve it.
func (s *store) forget(g *generation) error {
	name := recordName(g.Dir, g.SHA256)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.records[name] {
		return nil
	}
	delete(s.records, name)
	if err := os.Remove(filepath.Join(s.generations, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget a generation of %q: %w", g.Dir, err)
	}
	return nil
}

// sweep deletes records and files that nobody uses: leftovers of a crash, and what was pruned.
// Records go first; but a crash in any order leaves nothing worse than a record whose files
// are gone, which the next start passes over. unlessUsed calls remove unless the content is in
// use, and holds off whoever would begin to use it until remove returns.
func (s *store) sweep(unlessUsed func(sum [32]byte, remove func() error) error) error {
	_, err := s.tenant.alone(func() error {
		return errors.Join(s.sweepRecords(), s.sweepFiles(unlessUsed))
	})
	return err
}

func (s *store) sweepRecords() error {
	entries, err := os.ReadDir(s.generations)
	for _, e := range entries {
		s.mu.Lock()
		if !s.records[e.Name()] && !durable.IsTemp(e.Name()) {
			err = errors.Join(err, os.Remove(filepath.Join(s.generations, e.Name())))
		}
		s.mu.Unlock()
	}
	return err
}

func (s *store) sweepFiles(unlessUsed func(sum [32]byte, remove func() error) error) error {
	entries, err := os.ReadDir(s.files)
	for _, e := range entries {
		sum, ok := parseSum(e.Name())
		if !ok {
			continue
		}
		err = errors.Join(err, unlessUsed(sum, func() error { return os.Remove(filepath.Join(s.files, e.Name())) }))
	}
	return err
}

// removeTemps deletes what a crash left of unfinished writes. Only a process that has just
// moved in and is alone may: it writes nothing itself yet.
func (s *store) removeTemps() error {
	_, err := s.tenant.alone(func() error {
		return errors.Join(durable.DiscardAll(s.files), durable.DiscardAll(s.generations))
	})
	return err
}
