package sign

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mirrorctl/copr"
	"mirrorctl/internal/durable"
	"mirrorctl/internal/pgp"
)

// ring is the keys of one project, newest first.
type ring []*member

type member struct {
	*pgp.Key
	retired bool
}

func (m *member) describe() Key {
	return Key{Fingerprint: m.Fingerprint(), Name: m.Name(), Algorithm: m.Algorithm(), Created: m.Created(), Expires: m.Expires(), Retired: m.retired}
}

// pick is the key that signs: the newest of those that are valid at now and whose algorithm the target reads.
func (r ring) pick(now time.Time, may func(pgp.Algorithm) bool) (*member, error) {
	why := "has no key; make one with `mirrorctl copr key create`"
	for _, m := range r {
		switch e := m.Expires(); {
		case m.retired:
		case !may(m.Algorithm()):
			why = "has no key whose algorithm the target reads (want RSA); make one with `mirrorctl copr key create`"
		case m.Created().After(now):
			why = fmt.Sprintf("has key %s, which is not valid before %s: is the clock right?", m.Fingerprint(), m.Created().Format(time.RFC3339))
		case !e.IsZero() && !e.After(now):
			why = fmt.Sprintf("has key %s, which expired at %s; make another with `mirrorctl copr key create`", m.Fingerprint(), e.Format(time.RFC3339))
		default:
			return m, nil
		}
	}
	return nil, refuse("the project %s", why)
}

// projectDir is where the keys of p are.
func (s *Signer) projectDir(p copr.ProjectName) (string, error) {
	if q, err := copr.ParseProjectName(p.String()); err != nil || q != p {
		return "", refuse("%q is no project", p)
	}
	return filepath.Join(s.dir, p.Owner, p.Name), nil
}

// ring reads the keys of p once, and keeps them. s.mu is held.
func (s *Signer) ring(p copr.ProjectName) (ring, error) {
	if r, ok := s.rings[p]; ok {
		return r, nil
	}
	dir, err := s.projectDir(p)
	if err != nil {
		return nil, err
	}
	names, err := filepath.Glob(filepath.Join(globQuote(dir), "*.asc"))
	if err != nil {
		return nil, err
	}
	retired, err := os.ReadFile(filepath.Join(dir, "retired"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var r ring
	for _, name := range names {
		if durable.IsTemp(filepath.Base(name)) {
			continue
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		k, err := pgp.ParsePrivate(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		r = append(r, &member{Key: k, retired: bytes.Contains(retired, []byte(k.Fingerprint()+"\n"))})
	}
	r.sort()
	s.rings[p] = r
	return r, nil
}

// sort puts the newest key first. Two of one second go by their fingerprints, so that every run picks the same.
func (r ring) sort() {
	slices.SortFunc(r, func(a, b *member) int {
		return cmp.Or(b.Created().Compare(a.Created()), cmp.Compare(b.Fingerprint(), a.Fingerprint()))
	})
}

// globQuote takes the meaning from what Match would read in a directory's name.
func globQuote(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

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
