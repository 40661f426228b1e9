package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"mirrorctl/mirror"
)

// copyAll brings everything of the plan into the store and seals the manifest. It may be
// called again after any crash: what the journal says is stored is left to the verifier, and what
// lies in the store unsaid is compared byte for byte.
func (r *run) copyAll(ctx context.Context) error {
	stored, err := r.a.stored(ctx, r.begin.Target.Trees)
	if err != nil {
		return err
	}
	if r.state == Planned {
		existing, err := r.existing(ctx, stored)
		if err != nil {
			return err
		}
		if err := r.advance(ctx, Copying, recCopying, copyingRecord{Existing: existing}); err != nil {
			return err
		}
	}
	if err := r.sweep(ctx); err != nil {
		return err
	}
	var files, bytes int64
	for _, e := range r.plan {
		if e.Type != Dir {
			files++
		}
		if e.Type == File && e.HardLink == "" {
			bytes += e.Size
		}
	}
	r.a.prog.begin(PhaseCopy, files, bytes)
	c := &copier{run: r, stored: stored}
	// Further names of an inode come after their first, which must be there to be linked.
	for _, links := range []bool{false, true} {
		if err := c.pass(ctx, links); err != nil {
			return err
		}
		if err := c.verdict(); err != nil {
			return err
		}
	}
	return r.seal(ctx)
}

// existing is what the store held at the plan's paths, and of the directories above them,
// before this job put anything there.
func (r *run) existing(ctx context.Context, stored map[mirror.Path]Object) ([]mirror.Path, error) {
	var all []mirror.Path
	for _, e := range r.plan {
		if _, ok := stored[e.Path]; ok {
			all = append(all, e.Path)
		}
	}
	for _, e := range r.begin.Parents {
		if e.Path == "" {
			continue
		}
		if _, err := r.a.site.Store.Stat(ctx, e.Path); err == nil {
			all = append(all, e.Path)
		} else if !absent(err) {
			return nil, fmt.Errorf("ask archive for %s: %w", e.Path, err)
		}
	}
	return all, nil
}

// sweep clears away what an interrupted run left half written.
func (r *run) sweep(ctx context.Context) error {
	u, ok := r.a.site.Store.(Undoer)
	if !ok {
		return nil
	}
	var dirs []mirror.Path
	for _, e := range r.plan {
		if e.Type == Dir {
			dirs = append(dirs, e.Path)
		}
	}
	if err := u.Sweep(ctx, r.id, dirs); err != nil {
		return fmt.Errorf("sweep archive: %w", err)
	}
	return nil
}

// copier copies files in parallel. What is wrong with single files is gathered, so that one run
// names them all; what is wrong with the disk stops it.
type copier struct {
	*run
	stored map[mirror.Path]Object

	mu       sync.Mutex
	problems []Problem
	changed  []string
}

// maxProblems is how many bad files a run looks for before it gives up.
const maxProblems = 1000

func (c *copier) pass(ctx context.Context, links bool) error {
	todo := filter(c.plan, func(e Entry) bool {
		if e.Type == Dir || (e.HardLink != "") != links || c.tooMany() {
			return false
		}
		_, done := c.done(e.Path)
		if done {
			c.a.prog.files.Add(1)
			if e.HardLink == "" {
				c.a.prog.bytes.Add(e.Size)
			}
		}
		return !done
	})
	return c.a.each(ctx, todo, func(ctx context.Context, e Entry) error { return c.judge(e, c.one(ctx, e)) })
}

func (r *run) done(p mirror.Path) (putRecord, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	put, ok := r.put[p]
	return put, ok
}

func (c *copier) tooMany() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.problems)+len(c.changed) >= maxProblems
}

// judge sorts a file's own trouble from the run's.
func (c *copier) judge(e Entry, err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var p *problemError
	switch {
	case err == nil:
		c.a.prog.files.Add(1)
		return nil
	case errors.Is(err, errCorrupt):
		c.problems = append(c.problems, Problem{Path: e.Path, Kind: ProblemCorrupt, Text: err.Error()})
	case errors.As(err, &p):
		c.problems = append(c.problems, Problem(*p))
	case errors.Is(err, errChanged):
		c.changed = append(c.changed, fmt.Sprintf("%s %v", e.Path, err))
	default:
		return fmt.Errorf("archive %s: %w", e.Path, err)
	}
	return nil
}

func (c *copier) verdict() error {
	switch {
	case len(c.changed) > 0:
		slices.Sort(c.changed)
		return c.conflict("the root changed under the job", c.changed, "stop what writes there, then --abort and archive again")
	case len(c.problems) > 0:
		slices.SortFunc(c.problems, func(a, b Problem) int { return cmpPath(a.Path, b.Path) })
		return &ProblemsError{c.problems}
	}
	return nil
}

// problemError is a Problem as an error.
type problemError Problem

func (e *problemError) Error() string { return Problem(*e).String() }

// one stores a file or symlink, or finds it stored, and journals it.
func (c *copier) one(ctx context.Context, e Entry) error {
	if _, there := c.stored[e.Path]; there {
		return c.adopt(ctx, e)
	}
	if e.Type == File && e.HardLink == "" && len(e.Claims) == 0 && e.Sum.IsZero() {
		// Nobody else knows what its bytes must be: read it twice, so that a bad read shows.
		sum, _, err := c.a.hashRoot(ctx, e, false)
		if err != nil {
			return err
		}
		e.Sum = sum
		c.a.prog.bytes.Add(-e.Size)
	}
	put := putRecord{Path: e.Path, Size: e.bytes()}
	err := retry(ctx, func() (err error) {
		put.Sum, put.Accepted, err = c.store(ctx, e)
		return err
	})
	if exists(err) {
		// Put by an attempt whose answer was lost, or by someone else since we listed.
		return c.adopt(ctx, e)
	} else if err != nil {
		return err
	}
	return c.log(recPut, put)
}

// store puts one file, symlink or further name.
func (c *copier) store(ctx context.Context, e Entry) (Sum, bool, error) {
	st := c.a.site.Store
	if e.HardLink != "" {
		if l, ok := st.(Linker); ok {
			first, _ := c.done(e.HardLink)
			return first.Sum, first.Accepted, l.Link(ctx, c.id, e)
		}
	}
	if e.Type == Symlink {
		return Sum{}, false, st.Put(ctx, c.id, e, nil)
	}
	src, err := c.a.openRoot(ctx, e, accepted(c.begin.Options.Accept, e.Path))
	if err != nil {
		return Sum{}, false, err
	}
	defer src.Close()
	if err := st.Put(ctx, c.id, e, src); err != nil {
		c.a.prog.bytes.Add(-src.hashes.size)
		return Sum{}, false, err
	}
	if src.end == nil || src.hashes.size != e.Size {
		return Sum{}, false, fmt.Errorf("the store took %d of %d bytes and called it done", src.hashes.size, e.Size)
	}
	return src.hashes.Sum(), src.passed, nil
}

func (a *Archiver) open(ctx context.Context, e Entry) (readCloser, error) {
	return a.site.Store.Open(ctx, e.Path)
}

// retry tries again, a few times and ever later, what a store calls temporary: a lost
// connection, a 503. A local disk calls nothing temporary.
func retry(ctx context.Context, f func() error) error {
	for wait := 250 * time.Millisecond; ; wait *= 2 {
		err := f()
		var t interface{ Temporary() bool }
		if err == nil || !errors.As(err, &t) || !t.Temporary() || wait > 8*time.Second {
			return err
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}
