package archive_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mirrorctl/archive"
	"mirrorctl/archive/archivetest"
	"mirrorctl/mirror"
)

// The whole life of a release, on each kind of store: archived, pruned, purged, restored, and
// archived again.
func TestLife(t *testing.T) {
	for name, options := range map[string][]option{"directory": {inFile}, "bucket": {inMemory}} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, options...)
			ctx := t.Context()
			r := s.archived()
			if r.State != archive.Published || r.Manifest.IsZero() {
				t.Fatalf("%+v", r)
			}
			s.says(mirror.Archived)
			s.untouched()
			s.sound()
			if again := s.archived(); !again.Nothing {
				t.Errorf("archived twice: %+v", again)
			}

			if r := ok(t)(s.a.Prune(ctx, archivetest.Release)); r.State != archive.Trashed {
				t.Fatalf("%+v", r)
			}
			s.says(mirror.Pruned)
			s.gone()
			s.sound()

			if r := ok(t)(s.a.Purge(ctx, archivetest.Release)); r.State != archive.Purged || len(r.Left) == 0 {
				t.Fatalf("%+v", r)
			}
			s.gone()
			s.sound()

			if r := ok(t)(s.a.Restore(ctx, archivetest.Release)); r.State != archive.Restored {
				t.Fatalf("%+v", r)
			}
			s.says(mirror.Active)
			s.untouched()
			s.sound()
			if r := ok(t)(s.a.Restore(ctx, archivetest.Release)); !r.Nothing {
				t.Errorf("restored twice: %+v", r)
			}

			if r := s.archived(); r.State != archive.Published || r.Nothing {
				t.Fatalf("%+v", r)
			}
			s.untouched()
			s.sound()
		})
	}
}

// The directory store holds what rsync -aH would have made of the trees, but for what is left out.
func TestArchiveIsTheTree(t *testing.T) {
	s := newSite(t)
	s.archived()
	for _, tree := range archivetest.Trees {
		want := archivetest.Tree(t, filepath.Join(s.root, string(tree)))
		var kept []string
		for line := range strings.Lines(want) {
			if !strings.Contains(line, ".Ab3xYz ") {
				kept = append(kept, line)
			}
		}
		same(t, string(tree), archivetest.Tree(t, filepath.Join(s.dir, string(tree))), strings.Join(kept, ""))
	}
}

// A restore takes a release back from whatever a prune has left.
func TestRestoreFromAnything(t *testing.T) {
	tests := []struct {
		name  string
		until func(s *site)
	}{
		{"published", func(s *site) {}},
		{"trashed", func(s *site) { ok(s.t)(s.a.Prune(s.t.Context(), archivetest.Release)) }},
		{"purged in part", func(s *site) {
			r := ok(s.t)(s.a.Prune(s.t.Context(), archivetest.Release))
			trash := filepath.Join(s.root, ".mirrorctl-trash", r.Job)
			// What a purge that died might have left: first names of hard links gone, others there.
			for _, gone := range []string{
				"free/fedora/releases/25/Everything/x86_64/os/Packages/a/common-1-1.fc25.noarch.rpm",
				"free/fedora/updates/25/x86_64/gamma-1-1.fc25.x86_64.rpm", "free/fedora/releases/25/latest", "free/fedora/releases/25/nothing-here",
			} {
				if err := os.Remove(filepath.Join(trash, gone)); err != nil {
					s.t.Fatal(err)
				}
			}
			if err := os.RemoveAll(filepath.Join(trash, "nonfree/fedora/updates/25")); err != nil {
				s.t.Fatal(err)
			}
		}},
		{"purged", func(s *site) {
			ok(s.t)(s.a.Prune(s.t.Context(), archivetest.Release))
			ok(s.t)(s.a.Purge(s.t.Context(), archivetest.Release))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			s.archived()
			tt.until(s)
			ok(t)(s.a.Restore(t.Context(), archivetest.Release))
			s.says(mirror.Active)
			s.untouched()
			s.sound()
		})
	}
}

// A run that died before its job's first record has left no job, and its directory goes.
func TestAbortOfWhatNeverBegan(t *testing.T) {
	s := newSite(t)
	job := filepath.Join(s.state, "jobs", archivetest.Release.String()+"-20261121T120000.000-abcdef")
	if err := errors.Join(os.MkdirAll(job, 0o755), os.WriteFile(filepath.Join(job, ".mirrorctl-tmp-journal"), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.a.Abort(t.Context(), archivetest.Release); !errors.Is(err, archive.ErrNoJob) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(job); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left: %v", err)
	}
}

// Aborted before it was published, a job leaves nothing behind but its journal.
func TestAbort(t *testing.T) {
	s := newSite(t)
	// A corrupt package stops the job after everything else was copied.
	bad := filepath.Join(s.root, "free/fedora/updates/25/x86_64/gamma-1-1.fc25.x86_64.rpm")
	flip(t, bad)
	s.before = archivetest.Tree(t, s.root)
	_, err := s.a.Archive(t.Context(), archivetest.Target(), eol)
	var problems *archive.ProblemsError
	if !as(err, &problems) || len(problems.Problems) != 1 || problems.Problems[0].Kind != archive.ProblemCorrupt {
		t.Fatalf("%v", err)
	}
	if !strings.Contains(err.Error(), "--accept-corrupt free/fedora/updates/25/x86_64/gamma-1-1.fc25.x86_64.rpm") {
		t.Errorf("no way out is named: %v", err)
	}
	s.says(mirror.Archiving)
	s.sound()
	if r := ok(t)(s.a.Abort(t.Context(), archivetest.Release)); r.State != archive.Aborted {
		t.Fatalf("%+v", r)
	}
	s.says(mirror.Active)
	s.untouched()
	left, err := os.ReadDir(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range left {
		if d.Name() != ".mirrorctl" && d.Name() != ".well-known" {
			t.Errorf("the archive still holds %s", d.Name())
		}
	}
	ok(t)(s.a.Abort(t.Context(), archivetest.Release)) // again: nothing happens
}

// What lay in the archive before a job is adopted, and outlives the job's abort.
func TestAbortKeepsWhatWasThere(t *testing.T) {
	s := newSite(t)
	had := filepath.Join(s.dir, "free/fedora/releases/25/README")
	if err := os.MkdirAll(filepath.Dir(had), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, had, "read me\n")
	flip(t, filepath.Join(s.root, "free/fedora/updates/25/x86_64/gamma-1-1.fc25.x86_64.rpm"))
	if _, err := s.a.Archive(t.Context(), archivetest.Target(), eol); err == nil {
		t.Fatal("a corrupt package was archived")
	}
	ok(t)(s.a.Abort(t.Context(), archivetest.Release))
	if data, err := os.ReadFile(had); err != nil || string(data) != "read me\n" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "free/fedora/updates")); !os.IsNotExist(err) {
		t.Errorf("a directory of the job is left: %v", err)
	}
}

// A corrupt package that the operator accepts is archived as it is, by the same job.
func TestAccept(t *testing.T) {
	s := newSite(t)
	const name mirror.Path = "free/fedora/updates/25/x86_64/gamma-1-1.fc25.x86_64.rpm"
	flip(t, filepath.Join(s.root, string(name)))
	s.before = archivetest.Tree(t, s.root)
	if _, err := s.a.Archive(t.Context(), archivetest.Target(), eol); err == nil {
		t.Fatal("a corrupt package was archived")
	}
	o := eol
	o.Accept = []mirror.Path{name}
	if r := ok(t)(s.a.Archive(t.Context(), archivetest.Target(), o)); r.State != archive.Published {
		t.Fatalf("%+v", r)
	}
	s.untouched()
	s.sound()
	ok(t)(s.a.Prune(t.Context(), archivetest.Release))
	ok(t)(s.a.Purge(t.Context(), archivetest.Release))
	ok(t)(s.a.Restore(t.Context(), archivetest.Release))
	s.untouched()
}
