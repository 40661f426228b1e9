package sign

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mirrorctl/copr"
	"mirrorctl/internal/durable"
	"mirrorctl/internal/pgp"
)

// CreateKey makes a key for the project, which signs from now on.
func (s *Signer) CreateKey(ctx context.Context, p copr.ProjectName, k NewKey) (Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.create(p, k)
	if err != nil {
		return Key{}, err
	}
	return m.describe(), nil
}

// create makes a key. s.mu is held.
func (s *Signer) create(p copr.ProjectName, k NewKey) (*member, error) {
	r, err := s.ring(p)
	if err != nil {
		return nil, err
	}
	dir, err := s.projectDir(p)
	if err != nil {
		return nil, err
	}
	key, err := pgp.Generate(pgp.Options{Name: p.String(), Comment: s.o.Name, Algorithm: k.Algorithm, Created: s.o.Now().Truncate(time.Second), Lifetime: k.Lifetime})
	if err != nil {
		return nil, err
	}
	private, err := key.Private()
	if err != nil {
		return nil, err
	}
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("keep a key: %w", err)
	}
	if err := durable.WriteFile(filepath.Join(dir, key.Fingerprint()+".asc"), private, 0o600); err != nil {
		return nil, fmt.Errorf("keep a key: %w", err)
	}
	m := &member{Key: key}
	r = append(slices.Clone(r), m)
	r.sort()
	s.rings[p] = r
	return m, nil
}

// RetireKey takes a key out of pubkey.gpg; it signs no more. The last one that is left cannot be retired.
func (s *Signer) RetireKey(ctx context.Context, p copr.ProjectName, fingerprint string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.ring(p)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(r, func(m *member) bool { return m.Fingerprint() == fingerprint })
	if i < 0 {
		return refuse("%s has no key %q", p, fingerprint)
	}
	var retired strings.Builder
	left := 0
	for j, m := range r {
		if j == i || m.retired {
			retired.WriteString(m.Fingerprint() + "\n")
		} else {
			left++
		}
	}
	if left == 0 {
		return refuse("%s is the last key of %s; make another first", fingerprint, p)
	}
	dir, err := s.projectDir(p)
	if err != nil {
		return err
	}
	if err := durable.Replace(filepath.Join(dir, "retired"), []byte(retired.String()), 0o600); err != nil {
		return fmt.Errorf("retire key %s: %w", fingerprint, err)
	}
	r[i].retired = true
	return nil
}

// Keys lists the project's keys, newest first; none where the project has none yet.
func (s *Signer) Keys(ctx context.Context, p copr.ProjectName) ([]Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.ring(p)
	if err != nil {
		return nil, err
	}
	keys := make([]Key, len(r))
	for i, m := range r {
		keys[i] = m.describe()
	}
	return keys, nil
}

// PublicKey is the content of the project's pubkey.gpg: every key that is not retired, newest first. The first call makes the
// project's first key.
func (s *Signer) PublicKey(ctx context.Context, p copr.ProjectName) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.ring(p)
	if err != nil {
		return nil, err
	}
	if len(r) == 0 {
		if _, err := s.create(p, NewKey{}); err != nil {
			return nil, err
		}
		r = s.rings[p]
	}
	var all []byte
	for _, m := range r {
		if !m.retired {
			all = append(all, m.Public()...)
		}
	}
	return all, nil
}
