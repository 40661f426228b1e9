package dirstore

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

	"golang.org/x/sys/unix"

	"mirrorctl/archive"
	"mirrorctl/internal/durable"
	"mirrorctl/mirror"
)

// maxDocument is the largest document read, in bytes.
const maxDocument = 1 << 30

// Load reads a document. Its tag is the hash of its bytes.
func (s *Store) Load(_ context.Context, p mirror.Path) ([]byte, string, error) {
	f, err := s.root.Open(p.FS())
	if err != nil {
		return nil, "", err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxDocument))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, "", fmt.Errorf("read %s: %w", p, err)
	}
	sum := sha256.Sum256(data)
	return data, hex.EncodeToString(sum[:]), nil
}

// Swap replaces a document while it holds the lock of all documents, so that reading the tag
// and replacing the file are one step for everyone who swaps.
func (s *Store) Swap(ctx context.Context, p mirror.Path, tag string, data []byte) (string, error) {
	unlock, err := s.lockDocuments()
	if err != nil {
		return "", err
	}
	defer unlock.Close()
	_, now, err := s.Load(ctx, p)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if now != tag {
		return "", fmt.Errorf("%s: %w", p, archive.ErrMoved)
	}
	d, err := durable.MkdirAllIn(s.root, p.Dir().FS(), 0o755)
	if err != nil {
		return "", err
	}
	if err := d.Close(); err != nil {
		return "", err
	}
	if err := s.discard(p.Dir()); err != nil {
		return "", err
	}
	if err := durable.Replace(filepath.Join(s.dir, p.FS()), data, 0o644); err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// discard throws away what is half written among the documents in dir. The caller holds the lock of all
// documents, so it is nobody's any more.
func (s *Store) discard(dir mirror.Path) error {
	if err := durable.DiscardAll(filepath.Join(s.dir, dir.FS())); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Tidy throws away documents that are half written, for whoever may never write one himself. A writer calls it
// once, when it begins. Where nothing lies, nothing is touched, not even for a lock.
func (s *Store) Tidy() error {
	left, err := fs.Glob(s.root.FS(), ".mirrorctl/*/"+durable.TempPrefix+"*")
	if err != nil {
		return err
	}
	probe, err := fs.Glob(s.root.FS(), archive.ProbePath.Dir().FS()+"/"+durable.TempPrefix+"*")
	if left = append(left, probe...); err != nil || len(left) == 0 {
		return err
	}
	unlock, err := s.lockDocuments()
	if err != nil {
		return err
	}
	for _, name := range left {
		err = errors.Join(err, s.discard(mirror.Path(name).Dir()))
	}
	return errors.Join(err, unlock.Close())
}

// lockDocuments waits for the lock: it is held for one small write.
func (s *Store) lockDocuments() (*os.File, error) {
	f, err := s.lockFile(".mirrorctl")
	if err != nil {
		return nil, err
	}
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, unix.EINTR) {
			return nil, errors.Join(err, f.Close())
		}
	}
}
