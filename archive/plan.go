package archive

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"mirrorctl/mirror"
)

// Target is the release to work on, as the catalog knows it.
type Target struct {
	Release      mirror.Release
	Trees        []mirror.Path
	Repositories []mirror.Repository
	// Others are trees of other releases. None may lie inside one of Trees.
	Others []mirror.Path
}

// Options are an operator's decisions for one job.
type Options struct {
	// EOL is the calendar's word that the release is end-of-life; Force goes on without it.
	EOL, Force bool
	// Accept lists files, or directories of files, that may contradict their metadata or be
	// listed and missing. They are archived as they are.
	Accept []mirror.Path
	// Deep hashes every file while planning, so that a dry run finds corrupt packages too.
	// Otherwise they are found while copying.
	Deep bool
	// SkipProbe does not fetch a probe object through the archive's URL.
	SkipProbe bool
}

// Plan is what a job will do. Making one changes nothing. What a dry run prints is what Run does.
type Plan struct {
	Target  Target    `json:"target"`
	Options Options   `json:"options"`
	Made    time.Time `json:"made"`

	Totals Totals `json:"totals"`
	// LeftOut are temporary names of rsync and of this program, in the order of the walk.
	LeftOut []mirror.Path `json:"left_out,omitempty"`
	// NoAuthority are files that no metadata speaks for. They are hashed twice.
	NoAuthority []mirror.Path `json:"no_authority,omitempty"`
	Problems    []Problem     `json:"problems,omitempty"`
	Warnings    []string      `json:"warnings,omitempty"`

	entries []Entry
	parents []Entry // the directories above the trees, the root ("") among them
}

// Totals are a plan's figures.
type Totals struct {
	Repositories int   `json:"repositories"`
	Files        int64 `json:"files"` // names of files, hard links included
	Packages     int64 `json:"packages"`
	Dirs         int64 `json:"dirs"`
	Symlinks     int64 `json:"symlinks"`
	Bytes        int64 `json:"bytes"`       // of files, each inode once
	FreedBytes   int64 `json:"freed_bytes"` // of inodes whose every name is in the plan
	NoAuthority  int64 `json:"no_authority"`
}

// Problem is something that a person must look at.
type Problem struct {
	Path     mirror.Path `json:"path"`
	Kind     ProblemKind `json:"kind"`
	Text     string      `json:"text"`
	Accepted bool        `json:"accepted,omitempty"`
}

// ProblemKind says what is wrong.
type ProblemKind string

// The kinds of problems. Corrupt and missing ones can be accepted; the others must be mended.
const (
	ProblemCorrupt     ProblemKind = "corrupt"     // contradicts what metadata says of it
	ProblemMissing     ProblemKind = "missing"     // listed by metadata, and not there
	ProblemUnsupported ProblemKind = "unsupported" // a device, socket or fifo
	ProblemUnreadable  ProblemKind = "unreadable"
	ProblemName        ProblemKind = "name"     // a name that no client could ask for
	ProblemConflict    ProblemKind = "conflict" // the archive holds something else there
)

func (p Problem) String() string { return fmt.Sprintf("%s: %s: %s", p.Kind, p.Path, p.Text) }

// Entries yields every name that will be archived, in order of paths.
func (p *Plan) Entries() iter.Seq[Entry] { return slices.Values(p.entries) }

// Blocking lists the problems that stop Run.
func (p *Plan) Blocking() []Problem {
	return slices.DeleteFunc(slices.Clone(p.Problems), func(q Problem) bool { return q.Accepted })
}

// Errors that end planning.
var (
	// ErrNotEOL says that a release is not end-of-life and nobody forced it.
	ErrNotEOL = errors.New("the release is not end-of-life by the calendar or the configuration; --force archives it all the same")
	// ErrArchived says that a release is in the archive already.
	ErrArchived = errors.New("already archived")
	// ErrNested says that the root and the archive lie within each other, or a tree within another release's.
	ErrNested = errors.New("nested")
)

// ProblemsError says that a plan has problems that nobody accepted.
type ProblemsError struct{ Problems []Problem }

func (e *ProblemsError) Error() string {
	p := e.Problems[0]
	hint := "mend it and run again"
	if p.Kind == ProblemCorrupt || p.Kind == ProblemMissing {
		hint = fmt.Sprintf("mend it, or accept it with --accept-corrupt %s", p.Path)
	}
	more := ""
	if n := len(e.Problems) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more; --dry-run lists all)", n)
	}
	return fmt.Sprintf("%s%s: nothing was published; %s", p, more, hint)
}

// NewPlan looks at everything a job would need and returns what it would do. It refuses a
// release that is not end-of-life (ErrNotEOL), one that is archived (ErrArchived), one without
// trees in the root (fs.ErrNotExist), and a site that cannot work (a *PreflightError).
// Problems with single files are in the Plan.
func (a *Archiver) NewPlan(ctx context.Context, t Target, o Options) (*Plan, error) {
	if err := checkTarget(t); err != nil {
		return nil, err
	}
	doc, err := a.site.State.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("read state document: %w", err)
	}
	switch state := doc.State(t.Release); {
	case state.FromArchive():
		return nil, fmt.Errorf("release %s is %s: %w", t.Release, state, ErrArchived)
	case !o.EOL && !o.Force:
		return nil, fmt.Errorf("release %s: %w", t.Release, ErrNotEOL)
	}
	t.Trees = outermost(t.Trees)
	p := &Plan{Target: t, Options: o, Made: a.now()}
	found, err := scanTrees(ctx, a.root, t.Trees)
	if err != nil {
		return nil, err
	}
	p.entries, p.LeftOut, p.Problems = found.entries, found.leftOut, found.problems
	if len(p.entries) == 0 {
		return nil, fmt.Errorf("release %s: none of its trees is in the root: %w", t.Release, errNotInRoot)
	}
	if p.parents, err = a.parents(t.Trees); err != nil {
		return nil, err
	}
	if err := a.claim(ctx, p); err != nil {
		return nil, err
	}
	if o.Deep {
		if err := a.hashAll(ctx, p); err != nil {
			return nil, err
		}
	}
	p.count()
	p.accept()
	if err := a.preflight(ctx, p); err != nil {
		return nil, err
	}
	return p, nil
}

// checkTarget refuses trees that the job must not touch.
func checkTarget(t Target) error {
	if t.Release.IsZero() || len(t.Trees) == 0 {
		return fmt.Errorf("release %q has no trees: %w", t.Release, errNotInRoot)
	}
	for _, tree := range t.Trees {
		p, err := mirror.ParsePath(string(tree))
		if err != nil || p != tree || p == "" {
			return fmt.Errorf("release %s: tree %q is not a directory below the root", t.Release, tree)
		}
		for _, other := range t.Others {
			if other.Under(tree) {
				return fmt.Errorf("release %s: %w: its tree %s holds %s of another release", t.Release, ErrNested, tree, other)
			}
		}
	}
	return nil
}

// outermost sorts trees and drops those that lie inside another.
func outermost(trees []mirror.Path) []mirror.Path {
	var out []mirror.Path
	sorted := slices.Sorted(slices.Values(trees))
	for _, t := range sorted {
		if !slices.ContainsFunc(sorted, func(o mirror.Path) bool { return o != t && t.Under(o) }) {
			out = append(out, t)
		}
	}
	return slices.Compact(out)
}

// parents records the directories above trees, whose times a prune and a restore change.
func (a *Archiver) parents(trees []mirror.Path) ([]Entry, error) {
	seen := map[mirror.Path]bool{}
	var all []Entry
	for _, tree := range trees {
		for p := tree; p != ""; {
			p = p.Dir()
			if seen[p] {
				break
			}
			seen[p] = true
			e, err := a.statRoot(p)
			if absent(err) {
				continue
			} else if err != nil {
				return nil, err
			}
			all = append(all, e)
		}
	}
	sortEntries(all)
	return all, nil
}

// count fills in Totals and NoAuthority.
func (p *Plan) count() {
	t := Totals{}
	names := map[mirror.Path]uint64{} // of each hard-link group, by its first name
	for _, e := range p.entries {
		if e.Type == File && e.Links > 1 {
			names[groupOf(e)]++
		}
	}
	for _, e := range p.entries {
		switch e.Type {
		case Dir:
			t.Dirs++
		case Symlink:
			t.Symlinks++
		case File:
			t.Files++
			kind := mirror.KindOf(e.Path)
			switch kind {
			case mirror.KindPackage, mirror.KindSource, mirror.KindDelta:
				t.Packages++
			case mirror.KindRepomd:
				t.Repositories++
			}
			if e.HardLink != "" {
				continue
			}
			t.Bytes += e.Size
			if e.Links < 2 || names[e.Path] == e.Links {
				t.FreedBytes += e.Size
			}
		}
		// repomd.xml needs nobody to speak for it: what it lists was held against it.
		if e.Type == File && len(e.Claims) == 0 && mirror.KindOf(e.Path) != mirror.KindRepomd {
			p.NoAuthority = append(p.NoAuthority, e.Path)
		}
	}
	t.NoAuthority = int64(len(p.NoAuthority))
	p.Totals = t
}

// groupOf is the first name of e's hard-link group.
func groupOf(e Entry) mirror.Path {
	if e.HardLink != "" {
		return e.HardLink
	}
	return e.Path
}

// accept marks what the operator let pass.
func (p *Plan) accept() {
	for i := range p.Problems {
		q := &p.Problems[i]
		if (q.Kind == ProblemCorrupt || q.Kind == ProblemMissing) && accepted(p.Options.Accept, q.Path) {
			q.Accepted = true
		}
	}
}

func accepted(list []mirror.Path, p mirror.Path) bool {
	return slices.ContainsFunc(list, func(a mirror.Path) bool { return a != "" && p.Under(a) })
}
