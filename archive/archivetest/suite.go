package archivetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"testing"

	"mirrorctl/archive"
	"mirrorctl/mirror"
)

func fileEntry(p mirror.Path, data string) archive.Entry {
	return archive.Entry{Path: p, Type: archive.File, Mode: 0o640, Size: int64(len(data)), MTime: When.UnixNano(), Sum: sha256.Sum256([]byte(data)),
		UID: uint32(os.Geteuid()), GID: uint32(os.Getegid())}
}

// TestStore holds a store against the contract of archive.Store and of the abilities it has.
// open returns a new, empty store.
func TestStore(t *testing.T, open func() archive.Store) {
	for name, test := range map[string]func(*suite){
		"put": (*suite).put, "bad source": (*suite).badSource, "no replacing": (*suite).noReplacing, "one winner": (*suite).oneWinner,
		"absence": (*suite).absence, "list": (*suite).list, "symlink": (*suite).symlink, "large": (*suite).large, "canceled": (*suite).canceled,
		"documents": (*suite).documents, "one swapper": (*suite).oneSwapper, "link": (*suite).link, "directories": (*suite).directories, "undo": (*suite).undo,
		"hold": (*suite).hold,
	} {
		t.Run(name, func(t *testing.T) {
			st := open()
			if st == nil {
				t.Fatal("no store")
			}
			test(&suite{t, st, t.Context()})
		})
	}
}

type suite struct {
	*testing.T
	st  archive.Store
	ctx context.Context
}

const job = "fedora-25-20261121T120000.000-abcdef"

func (s *suite) store(p mirror.Path, data string) {
	s.Helper()
	if err := s.st.Put(s.ctx, job, fileEntry(p, data), NewBytes(data, io.EOF)); err != nil {
		s.Fatalf("put %s: %v", p, err)
	}
}

func (s *suite) holds(p mirror.Path, want string) {
	s.Helper()
	r, err := s.st.Open(s.ctx, p)
	if err != nil {
		s.Errorf("open %s: %v", p, err)
		return
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || string(got) != want {
		s.Errorf("%s holds %d bytes, want %d: %v", p, len(got), len(want), err)
	}
	if o, err := s.st.Stat(s.ctx, p); err != nil || o.Type != archive.File || o.Size != int64(len(want)) || o.Path != p {
		s.Errorf("stat %s: %+v, %v", p, o, err)
	}
}

func (s *suite) lacks(p mirror.Path) {
	s.Helper()
	if _, err := s.st.Stat(s.ctx, p); !errors.Is(err, fs.ErrNotExist) {
		s.Errorf("stat %s: %v, want fs.ErrNotExist", p, err)
	}
	if r, err := s.st.Open(s.ctx, p); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			r.Close()
		}
		s.Errorf("open %s: %v, want fs.ErrNotExist", p, err)
	}
}

func (s *suite) names(prefix mirror.Path) []string {
	s.Helper()
	var names []string
	for o, err := range s.st.List(s.ctx, prefix) {
		if err != nil {
			s.Fatalf("list %s: %v", prefix, err)
		}
		if o.Type != archive.Dir {
			names = append(names, string(o.Path))
		}
	}
	slices.Sort(names)
	return names
}
