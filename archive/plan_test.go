package archive_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"mirrorctl/archive"
	"mirrorctl/archive/archivetest"
	"mirrorctl/archive/dirstore"
	"mirrorctl/mirror"
)

const updates = "free/fedora/updates/25/x86_64"

func plan(s *site, o archive.Options) (*archive.Plan, error) {
	return s.a.NewPlan(s.t.Context(), archivetest.Target(), o)
}

// A plan counts what is there and changes nothing.
func TestPlan(t *testing.T) {
	s := newSite(t)
	// One more name of a package outside the release: its bytes will not be freed.
	if err := os.Link(filepath.Join(s.root, updates, "gamma-1-1.fc25.x86_64.rpm"), filepath.Join(s.root, string(archivetest.Other), "gamma.rpm")); err != nil {
		t.Fatal(err)
	}
	before := archivetest.Tree(t, filepath.Dir(s.root))
	p, err := plan(s, eol)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "after the plan everything", archivetest.Tree(t, filepath.Dir(s.root)), before)
	if len(p.Problems) > 0 {
		t.Errorf("problems: %v", p.Problems)
	}
	if want := []mirror.Path{updates + "/.gamma-2-1.fc25.x86_64.rpm.Ab3xYz"}; !slices.Equal(p.LeftOut, want) {
		t.Errorf("left out: %v", p.LeftOut)
	}
	var stray []string
	for _, n := range p.NoAuthority {
		stray = append(stray, n.Base())
	}
	if want := "README empty na me ü .treeinfo Fedora-Server-25-CHECKSUM"; len(stray) != 5 || !containsAll(strings.Join(stray, " "), strings.Fields(want)) {
		t.Errorf("without authority: %v", stray)
	}
	var files, bytes, links, symlinks int64
	for e := range p.Entries() {
		switch {
		case e.Type == archive.File && e.HardLink != "":
			files, links = files+1, links+1
		case e.Type == archive.File:
			files, bytes = files+1, bytes+e.Size
		case e.Type == archive.Symlink:
			symlinks++
		}
	}
	n := p.Totals
	if n.Files != files || n.Bytes != bytes || n.Symlinks != 2 || symlinks != 2 || links != 2 || n.Repositories != 3 || n.Packages != 8 {
		t.Errorf("%+v; %d files, %d bytes, %d hard links", n, files, bytes, links)
	}
	gamma, err := os.Stat(filepath.Join(s.root, updates, "gamma-1-1.fc25.x86_64.rpm"))
	if err != nil || n.Bytes-n.FreedBytes != gamma.Size() {
		t.Errorf("%d of %d bytes are freed, want all but %d: %v", n.FreedBytes, n.Bytes, gamma.Size(), err)
	}
}

func containsAll(s string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(s, w) {
			return false
		}
	}
	return true
}

// What is wrong with a release is said of the file, and nothing is published before it is
// mended or, where that can be, accepted.
func TestPlanProblems(t *testing.T) {
	tests := []struct {
		name   string
		spoil  func(t *testing.T, s *site) error
		path   mirror.Path
		kind   archive.ProblemKind
		accept bool // can be
	}{
		{"a package with another size", func(t *testing.T, s *site) error {
			return os.Truncate(filepath.Join(s.root, updates, "gamma-1-1.fc25.x86_64.rpm"), 10)
		}, updates + "/gamma-1-1.fc25.x86_64.rpm", archive.ProblemCorrupt, true},
		{"a package with other bytes", func(t *testing.T, s *site) error {
			flip(t, filepath.Join(s.root, updates, "gamma-1-1.fc25.x86_64.rpm"))
			return nil
		}, updates + "/gamma-1-1.fc25.x86_64.rpm", archive.ProblemCorrupt, true},
		{"an image that .treeinfo knows otherwise", func(t *testing.T, s *site) error {
			flip(t, filepath.Join(s.root, "free/fedora/releases/25/Everything/x86_64/os/images/boot.iso"))
			return nil
		}, "free/fedora/releases/25/Everything/x86_64/os/images/boot.iso", archive.ProblemCorrupt, true},
		{"an iso that its checksum list knows otherwise", func(t *testing.T, s *site) error {
			flip(t, filepath.Join(s.root, "free/fedora/releases/25/Server/Fedora-Server-25.iso"))
			return nil
		}, "free/fedora/releases/25/Server/Fedora-Server-25.iso", archive.ProblemCorrupt, true},
		{"a package that is listed and not there", func(t *testing.T, s *site) error {
			return os.Remove(filepath.Join(s.root, updates, "gamma-1-1.fc25.x86_64.rpm"))
		}, updates + "/gamma-1-1.fc25.x86_64.rpm", archive.ProblemMissing, true},
		{"a truncated repomd.xml", func(t *testing.T, s *site) error {
			return os.Truncate(filepath.Join(s.root, updates, "repodata/repomd.xml"), 100)
		}, updates + "/repodata/repomd.xml", archive.ProblemCorrupt, true},
		{"a primary that repomd.xml knows otherwise", func(t *testing.T, s *site) error {
			flip(t, filepath.Join(s.root, updates, "repodata/primary.xml.gz"))
			return nil
		}, updates + "/repodata/primary.xml.gz", archive.ProblemCorrupt, true},
		{"a fifo", func(t *testing.T, s *site) error {
			return unix.Mkfifo(filepath.Join(s.root, updates, "fifo"), 0o644)
		}, updates + "/fifo", archive.ProblemUnsupported, false},
		{"a name that is no path", func(t *testing.T, s *site) error {
			return os.WriteFile(filepath.Join(s.root, updates, "bad\nname"), nil, 0o644)
		}, updates, archive.ProblemName, false},
		{"another file in the archive", func(t *testing.T, s *site) error {
			name := filepath.Join(s.dir, "free/fedora/releases/25/README")
			return errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte("something else"), 0o644))
		}, "free/fedora/releases/25/README", archive.ProblemConflict, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			if err := tt.spoil(t, s); err != nil {
				t.Fatal(err)
			}
			o := eol
			o.Deep = true
			p, err := plan(s, o)
			if err != nil {
				t.Fatal(err)
			}
			if i := slices.IndexFunc(p.Problems, func(q archive.Problem) bool { return q.Path == tt.path && q.Kind == tt.kind }); i < 0 {
				t.Errorf("problems: %v", p.Problems)
			}
			if len(p.Blocking()) == 0 {
				t.Error("it does not stop the job")
			}
			var problems *archive.ProblemsError
			if _, err := s.a.Run(t.Context(), p); !errors.As(err, &problems) {
				t.Errorf("run: %v", err)
			}
			s.says(mirror.Active)

			o.Accept = []mirror.Path{tt.path}
			if p, err = plan(s, o); err != nil {
				t.Fatal(err)
			}
			if _, err := s.a.Run(t.Context(), p); (err == nil) != tt.accept {
				t.Errorf("accepted: %v", err)
			}
			s.sound()
		})
	}
}

// A conflict that only the bytes show is found before anything is replaced.
func TestSameSizeOtherBytes(t *testing.T) {
	s := newSite(t)
	name := filepath.Join(s.dir, "free/fedora/releases/25/README")
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, name, "red one\n") // as long as the other
	var problems *archive.ProblemsError
	if _, err := s.a.Archive(t.Context(), archivetest.Target(), eol); !errors.As(err, &problems) || problems.Problems[0].Kind != archive.ProblemConflict {
		t.Fatalf("%v", err)
	}
	if data, err := os.ReadFile(name); err != nil || string(data) != "red one\n" {
		t.Errorf("%q, %v", data, err)
	}
	s.says(mirror.Archiving)
}

// What cannot be planned at all is refused with one clear error.
func TestPlanRefuses(t *testing.T) {
	other := archivetest.Target()
	other.Trees = []mirror.Path{"free/fedora/releases/99"}
	linked := archivetest.Target()
	linked.Trees = []mirror.Path{"free/fedora/releases/link"}
	nested := archivetest.Target()
	nested.Others = []mirror.Path{"free/fedora/updates/25/x86_64/testing"}
	climbing := archivetest.Target()
	climbing.Trees = []mirror.Path{"../other"}
	tests := []struct {
		name   string
		target archive.Target
		o      archive.Options
		want   error
	}{
		{"not end-of-life", archivetest.Target(), archive.Options{}, archive.ErrNotEOL},
		{"no such tree", other, eol, fs.ErrNotExist},
		{"no trees", archive.Target{Release: archivetest.Release}, eol, fs.ErrNotExist},
		{"another release's tree inside", nested, eol, archive.ErrNested},
		{"a tree that is a symlink", linked, eol, nil},
		{"a tree outside", climbing, eol, nil},
	}
	s := newSite(t)
	if err := os.Symlink("25", filepath.Join(s.root, "free/fedora/releases/link")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		_, err := s.a.NewPlan(t.Context(), tt.target, tt.o)
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	if p, err := plan(s, archive.Options{Force: true}); err != nil || p == nil {
		t.Errorf("forced: %v", err)
	}
	s.archived()
	if _, err := plan(s, eol); !errors.Is(err, archive.ErrArchived) {
		t.Errorf("archived: %v", err)
	}
}

// The root and the archive must lie apart, also through a symlink.
func TestNested(t *testing.T) {
	s := newSite(t)
	inside := filepath.Join(s.root, "archive")
	if err := os.Mkdir(inside, 0o755); err != nil {
		t.Fatal(err)
	}
	alias := filepath.Join(s.state, "alias")
	if err := os.Symlink(s.root, alias); err != nil {
		t.Fatal(err)
	}
	for name, dirs := range map[string][2]string{
		"the same": {s.root, s.root}, "store in root": {s.root, inside}, "root in store": {inside, s.root}, "through a symlink": {s.root, alias},
	} {
		store, err := dirstore.Open(dirs[1], dirstore.Copy)
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		a, err := archive.Open(archive.Site{Root: dirs[0], Dir: s.state, Store: store, State: s.doc})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		target := archivetest.Target()
		if dirs[0] == inside {
			if err := os.MkdirAll(filepath.Join(inside, "t/25"), 0o755); err != nil {
				t.Fatal(err)
			}
			target.Trees = []mirror.Path{"t/25"}
		}
		if _, err := a.NewPlan(t.Context(), target, eol); !errors.Is(err, archive.ErrNested) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	s := newSite(t)
	if _, err := archive.Open(archive.Site{Root: filepath.Join(s.root, "absent"), Dir: s.state, Store: s.store, State: s.doc}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a root that is not there: %v", err)
	}
	if _, err := archive.Open(archive.Site{Root: s.root, Dir: s.state, Store: struct{ archive.Store }{s.store}, State: s.doc}); err == nil {
		t.Error("a store without documents")
	}
}
