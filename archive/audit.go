package archive

import (
	"context"
	"fmt"
	"path/filepath"

	"mirrorctl/mirror"
)

// Violation says that an invariant of this package does not hold for a path.
type Violation struct {
	Invariant string         `json:"invariant"` // I1, I2, I3, I4 or I6; journal where it cannot be read
	Release   mirror.Release `json:"release"`
	Job       string         `json:"job"`
	Path      mirror.Path    `json:"path,omitempty"`
	Text      string         `json:"text"`
}

func (v Violation) String() string {
	return fmt.Sprintf("%s: %s: %s %s", v.Invariant, v.Release, v.Path, v.Text)
}

// Audit holds root, archive, journals and state document against the invariants, for the
// newest job on a release or, for the zero Release, on every one. It reads every archived byte
// and changes nothing. It may be called after any crash, before anything recovers; while a
// job runs it may see what is only on its way.
func (a *Archiver) Audit(ctx context.Context, release mirror.Release) ([]Violation, error) {
	jobs, err := a.jobs(release)
	if err != nil {
		return []Violation{{Invariant: "journal", Release: release, Text: err.Error()}}, nil
	}
	doc, err := a.site.State.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("read state document: %w", err)
	}
	newest := map[mirror.Release]*job{}
	for _, j := range jobs {
		newest[j.begin.Target.Release] = j
	}
	var all []Violation
	for _, j := range jobs {
		if newest[j.begin.Target.Release] != j {
			continue
		}
		au := &audit{a: a, job: j, rec: doc.Releases[j.begin.Target.Release]}
		if err := au.run(ctx); err != nil {
			return all, err
		}
		all = append(all, au.found...)
	}
	return all, nil
}

type audit struct {
	a     *Archiver
	job   *job
	rec   *mirror.Record // of the state document; may be nil
	found []Violation

	entries []Entry // the manifest's where there is one, else the plan's
	root    []Entry
	aside   []Entry // in the trash or where a restore builds
	stored  map[mirror.Path]Object
}

func (u *audit) violation(inv string, p mirror.Path, format string, args ...any) {
	u.found = append(u.found, Violation{inv, u.job.begin.Target.Release, u.job.id, p, fmt.Sprintf(format, args...)})
}

func (u *audit) run(ctx context.Context) error {
	if err := u.load(ctx); err != nil {
		return err
	}
	ended := u.job.state.Ended()
	published := u.rec != nil && u.rec.Job == u.job.id && u.rec.State.FromArchive()
	if published && u.job.proof.covers(u.job.manifest, u.job.proof.at, 0) != nil {
		u.violation("I3", "", "clients are sent to the archive and no proof of it is in the journal")
	}
	if u.job.state.unpublished() && !u.job.publishing {
		for _, d := range diffScan(u.entries, u.root) {
			u.violation("I2", "", "before published, in the root: %s", d)
		}
	}
	for _, e := range u.entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if e.Type == Dir {
			continue
		}
		right, what, err := u.archived(ctx, e)
		if err != nil {
			return err
		}
		_, there := u.stored[e.Path]
		switch {
		case right:
		case published:
			u.violation("I3", e.Path, "the archive %s", what)
		case there && !u.job.existed[e.Path] && u.job.began && !ended:
			u.violation("I4", e.Path, "the archive %s", what)
		}
		if ended {
			continue // the root goes its own way
		}
		inRoot, aside := holds(u.root, e), holds(u.aside, e)
		if !right && !inRoot && !aside {
			u.violation("I1", e.Path, "no complete copy is in the root, the trash or the archive")
		}
		if _, stands := find(u.root, e.Path); !stands && !aside && (u.job.proof.manifest.IsZero() || !u.job.purging) {
			u.violation("I6", e.Path, "gone from the root and the trash, and no purge with a proof is in the journal")
		}
	}
	return nil
}

// holds reports whether a scan has e as it was.
func holds(scan []Entry, e Entry) bool {
	n, ok := find(scan, e.Path)
	equal, _ := same(e, n)
	return ok && equal
}

// load reads everything that is compared.
func (u *audit) load(ctx context.Context) error {
	dir, j := u.a.jobDir(u.job.id), u.job
	m, err := OpenManifest(filepath.Join(dir, planName(j.begin.Plan)), j.begin.Plan)
	if err == nil && !j.manifest.IsZero() {
		m, err = OpenManifest(filepath.Join(dir, manifestName(j.manifest)), j.manifest)
	}
	if err != nil {
		return fmt.Errorf("audit job %s: %w", j.id, err)
	}
	u.entries = m.entries
	for i, e := range u.entries {
		if put, ok := j.put[e.Path]; ok && e.Sum.IsZero() {
			u.entries[i].Sum = put.Sum
		}
	}
	r := &run{a: u.a, job: j, plan: u.entries}
	s, err := scanTrees(ctx, u.a.root, j.begin.Target.Trees)
	if err != nil {
		return err
	}
	u.root = s.entries
	for _, tree := range r.trees() {
		for _, b := range []base{r.inTrash(), r.inRestore()} {
			part, err := r.scanAt(ctx, b, tree)
			if err != nil {
				return err
			}
			u.aside = append(u.aside, part...)
		}
	}
	sortEntries(u.aside)
	u.stored, err = u.a.stored(ctx, j.begin.Target.Trees)
	return err
}

// archived reports whether the archive holds e whole, and if not, what it does instead. A file
// whose hash nobody knows yet is held against the one in the root.
func (u *audit) archived(ctx context.Context, e Entry) (bool, string, error) {
	o, ok := u.stored[e.Path]
	if !ok {
		return false, "does not hold it", nil
	}
	if what := differs(e, o); what != "" {
		return false, "holds " + what, nil
	}
	if e.Type == Symlink {
		return true, "", nil
	}
	want := e.Sum
	if want.IsZero() {
		var err error
		plain := e
		plain.Claims = nil
		if want, _, err = u.a.hashRoot(ctx, plain, false); err != nil {
			return false, "holds a file that nothing can be held against: " + err.Error(), nil
		}
	}
	plain := e
	plain.Claims = nil
	h, err := hashObject(ctx, u.a.open, plain, func(int) {})
	if absent(err) {
		return false, "does not hold it", nil
	} else if err != nil {
		return false, "", fmt.Errorf("read %s: %w", e.Path, err)
	}
	if h.Sum() != want || h.size != e.Size {
		return false, fmt.Sprintf("holds other bytes: %s instead of %s", h.Sum(), want), nil
	}
	return true, "", nil
}
