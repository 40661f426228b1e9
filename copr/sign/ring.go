package sign

import (
	"bytes"
	"cmp"
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
	why := "has no key; make one with `mirrorctl copr key rotate`"
	for _, m := range r {
		switch e := m.Expires(); {
		case m.retired:
		case !may(m.Algorithm()):
			why = "has no key whose algorithm the target reads (want RSA); make one with `mirrorctl copr key rotate`"
		case m.Created().After(now):
			why = fmt.Sprintf("has key %s, which is not valid before %s: is the clock right?", m.Fingerprint(), m.Created().Format(time.RFC3339))
		case !e.IsZero() && !e.After(now):
			why = fmt.Sprintf("has key %s, which expired at %s; make another with `mirrorctl copr key rotate`", m.Fingerprint(), e.Format(time.RFC3339))
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
