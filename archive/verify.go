package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"mirrorctl/mirror"
)

// VerifyError lists what the archive does not hold as the manifest says. It wraps ErrUnverified.
type VerifyError struct {
	Release mirror.Release
	Faults  []Problem // the first thousand, in order
}

func (e *VerifyError) Error() string {
	more := ""
	if n := len(e.Faults) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more)", n)
	}
	return fmt.Sprintf("release %s: %v: %s%s; run `mirrorctl verify %s` for all of them", e.Release, ErrUnverified, e.Faults[0], more, e.Release)
}

func (e *VerifyError) Unwrap() error { return ErrUnverified }

// verify reads every byte of m back from the store and holds it against the manifest and the
// files' authorities, then holds the archived metadata against what is archived. Only here is a
// Proof made.
func (a *Archiver) verify(ctx context.Context, t Target, o Options, m *Manifest) (Proof, error) {
	began := a.now()
	v := &verifier{a: a, m: m}
	if err := v.names(ctx, t); err != nil {
		return Proof{}, err
	}
	var files, bytes int64
	for _, e := range m.entries {
		if e.Type == File && e.HardLink == "" {
			files, bytes = files+1, bytes+e.Size
		}
	}
	a.prog.begin(PhaseVerify, files, bytes)
	if err := v.contents(ctx); err != nil {
		return Proof{}, err
	}
	if err := v.closure(ctx, o); err != nil {
		return Proof{}, err
	}
	if len(v.faults) > 0 {
		slices.SortFunc(v.faults, func(a, b Problem) int { return cmpPath(a.Path, b.Path) })
		return Proof{}, &VerifyError{Release: t.Release, Faults: v.faults}
	}
	return Proof{manifest: m.name, at: began, files: v.files, bytes: v.bytes}, nil
}

type verifier struct {
	a      *Archiver
	m      *Manifest
	stored map[mirror.Path]Object

	mu     sync.Mutex // guards the rest
	faults []Problem
	files  int64
	bytes  int64
}

func (v *verifier) fault(p mirror.Path, kind ProblemKind, text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.faults) < maxProblems {
		v.faults = append(v.faults, Problem{Path: p, Kind: kind, Text: text})
	}
}

// names checks that everything of the manifest is there and of its kind.
func (v *verifier) names(ctx context.Context, t Target) (err error) {
	if v.stored, err = v.a.stored(ctx, t.Trees); err != nil {
		return err
	}
	_, keepsDirs := v.a.site.Store.(Directories)
	for _, e := range v.m.entries {
		o, ok := v.stored[e.Path]
		switch {
		case e.Type == Dir && !keepsDirs:
		case !ok:
			v.fault(e.Path, ProblemMissing, "the archive does not hold it")
		default:
			if what := differs(e, o); what != "" {
				v.fault(e.Path, ProblemConflict, "the archive holds "+what)
			}
		}
	}
	return nil
}

// contents reads every file, in parallel, past whatever cache the store can leave aside.
// Names of one stored file are read once.
func (v *verifier) contents(ctx context.Context) error {
	open := v.a.open
	if f, ok := v.a.site.Store.(Fresh); ok {
		open = func(ctx context.Context, e Entry) (readCloser, error) { return f.OpenFresh(ctx, e.Path) }
	}
	todo := filter(v.m.entries, func(e Entry) bool {
		o, there := v.stored[e.Path]
		return e.Type == File && there && differs(e, o) == "" && !v.readAsFirst(e, o)
	})
	return v.a.each(ctx, todo, func(ctx context.Context, e Entry) error { return v.content(ctx, e, open) })
}

func (v *verifier) readAsFirst(e Entry, o Object) bool {
	return e.HardLink != "" && o.Inode != 0 && v.stored[e.HardLink].Inode == o.Inode
}

func (v *verifier) content(ctx context.Context, e Entry, open func(context.Context, Entry) (readCloser, error)) error {
	var h *hashes
	err := retry(ctx, func() (err error) {
		h, err = hashObject(ctx, open, e, func(n int) { v.a.prog.bytes.Add(int64(n)) })
		return err
	})
	switch {
	case absent(err):
		v.fault(e.Path, ProblemMissing, "the archive does not hold it")
		return nil
	case err != nil:
		// The store could not say: that proves nothing either way.
		return fmt.Errorf("read %s back: %w", e.Path, err)
	case h.size != e.Size || h.Sum() != e.Sum:
		v.fault(e.Path, ProblemCorrupt, fmt.Sprintf("the archive holds %d bytes with SHA-256 %s, the manifest says %d and %s", h.size, h.Sum(), e.Size, e.Sum))
		return nil
	}
	if err := h.check(); err != nil && !e.Accepted {
		v.fault(e.Path, ProblemCorrupt, err.Error())
		return nil
	}
	v.a.prog.files.Add(1)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.files, v.bytes = v.files+1, v.bytes+h.size
	return nil
}

// closure reads the archived metadata and asks that all it lists is in the manifest, as it
// lists it. What an operator accepted when the job began is let pass.
func (v *verifier) closure(ctx context.Context, o Options) error {
	if len(v.faults) > 0 {
		return nil // metadata that is damaged lists nothing
	}
	found, err := readAuthorities(ctx, storeFS{ctx, v.a.site.Store}, v.m.entries)
	if err != nil {
		return err
	}
	for _, p := range found.problems {
		if !accepted(o.Accept, p.Path) {
			v.faults = append(v.faults, p)
		}
	}
	for _, e := range v.m.entries {
		if e.Type != File || e.HardLink != "" || e.Accepted || accepted(o.Accept, e.Path) {
			continue
		}
		for _, c := range found.claims[e.Path] {
			if c.Algo == "sha256" && c.Hex != e.Sum.String() {
				v.fault(e.Path, ProblemCorrupt, fmt.Sprintf("%s says its SHA-256 is %s, the manifest %s", c.In, c.Hex, e.Sum))
			}
		}
	}
	return nil
}

// Verify reads the archive of a release back, whatever state it is in, and journals the
// proof. A difference is a *VerifyError.
func (a *Archiver) Verify(ctx context.Context, release mirror.Release) (_ Proof, err error) {
	r, err := a.take(ctx, release)
	if err != nil {
		return Proof{}, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if r.manifest.IsZero() || r.state == Aborting || r.state == Aborted {
		return Proof{}, fmt.Errorf("release %s: job %s is %s and has no archive to verify: %w", release, r.id, r.state, ErrNoJob)
	}
	return r.prove(ctx)
}

// prove verifies the job's archive and journals the proof.
func (r *run) prove(ctx context.Context) (Proof, error) {
	m, err := r.sealed()
	if err != nil {
		return Proof{}, err
	}
	proof, err := r.a.verify(ctx, r.begin.Target, r.begin.Options, m)
	if err != nil || r.state.Ended() {
		return proof, err
	}
	return proof, r.log(recVerified, proof.record())
}

// sealed is the job's manifest.
func (r *run) sealed() (*Manifest, error) {
	m, err := OpenManifest(r.a.jobDir(r.id)+"/"+manifestName(r.manifest), r.manifest)
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", r.id, err)
	}
	return m, nil
}
