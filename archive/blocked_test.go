package archive_test

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"mirrorctl/archive"
	"mirrorctl/archive/archivetest"
	"mirrorctl/mirror"
)

// What stops a run from outside is said with the reason, what was kept and what to do next; the
// job can be continued once it is mended.
func TestBlocked(t *testing.T) {
	release := archivetest.Release
	archived := func(s *site) { s.archived() }
	pruned := func(s *site) { archived(s); ok(s.t)(s.a.Prune(s.t.Context(), release)) }
	purged := func(s *site) { pruned(s); ok(s.t)(s.a.Purge(s.t.Context(), release)) }
	archiveIt := func(s *site) (archive.Result, error) { return s.a.Archive(s.t.Context(), archivetest.Target(), eol) }
	tests := []struct {
		name   string
		before func(*site)
		op     string
		errno  unix.Errno
		do     func(*site) (archive.Result, error)
		says   []string
	}{
		{"disk full while copying", func(*site) {}, "put", unix.ENOSPC, archiveIt, []string{"no space left", "nothing was published", "make room", "archive --resume fedora-25"}},
		{"bad disk while verifying", func(*site) {}, "open", unix.EIO, archiveIt, []string{"input/output error", "nothing was published", "check the disk"}},
		{"read-only while sealing", func(*site) {}, "finish", unix.EROFS, archiveIt, []string{"read-only", "mount the filesystem"}},
		{"no descriptors while purging", pruned, "stat", unix.EMFILE, func(s *site) (archive.Result, error) { return s.a.Purge(s.t.Context(), release) },
			[]string{"nothing was deleted", "raise the limit"}},
		{"unreadable while restoring", purged, "open", unix.EACCES, func(s *site) (archive.Result, error) { return s.a.Restore(s.t.Context(), release) },
			[]string{"the archive still answers", "give this user access", "mirrorctl restore fedora-25"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			tt.before(s)
			s.reopen(func(s *site, c *archive.Site) {
				c.Store = archivetest.WrapFull(s.store.(archivetest.Full), func(op string, p mirror.Path, after bool) error {
					if op == tt.op && !after {
						return tt.errno
					}
					return nil
				})
			})
			_, err := tt.do(s)
			var blocked *archive.BlockedError
			if !errors.As(err, &blocked) || !errors.Is(err, tt.errno) {
				t.Fatalf("%v", err)
			}
			for _, want := range tt.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
			st, serr := s.a.Status(release)
			if serr != nil || !strings.Contains(st.Reason, tt.errno.Error()) {
				t.Errorf("status does not say why: %q, %v", st.Reason, serr)
			}
			s.reopen()
			s.sound()
			ok(t)(tt.do(s))
			if st, _ := s.a.Status(release); st.Reason != "" {
				t.Errorf("the reason outlived its cause: %q", st.Reason)
			}
			s.sound()
		})
	}
}

// A store that cannot be written is noticed before a job begins.
func TestUnwritableStore(t *testing.T) {
	s := newSite(t)
	s.reopen(func(s *site, c *archive.Site) {
		c.Store = archivetest.WrapFull(s.store.(archivetest.Full), func(op string, p mirror.Path, after bool) error {
			if op == "swap" {
				return unix.EROFS
			}
			return nil
		})
	})
	var pre *archive.PreflightError
	if _, err := s.a.Archive(t.Context(), archivetest.Target(), eol); !errors.As(err, &pre) || !strings.Contains(err.Error(), "cannot be written") {
		t.Errorf("%v", err)
	}
	if jobs, err := s.a.Jobs(archivetest.Release); err != nil || len(jobs) > 0 {
		t.Errorf("%v, %v", jobs, err)
	}
	s.says(mirror.Active)
	s.untouched()
}
