package hot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"mirrorctl/repomd"
)

// signatureWait is how long a signature that changed alone is given for its repomd.xml to
// follow, before it is taken for a new signature of the same repomd.xml.
const signatureWait = time.Minute

// Load looks at the repository in the directory dir of fsys, and puts it into service if it is
// another than the one that is. changed reports that it did.
//
// An unchanged repository costs three stats. A changed one is read whole: repomd.xml, its
// signature and every file that it lists, size and checksum, and repomd.xml again. If anything
// is amiss, or ctx ends, all stays as it was; the error is an *Error, kept for Status, and the next
// Load tries again. Files with an xml:base lie elsewhere and are left out.
//
// Calls for one directory at one time share their work. All calls must give the same fsys.
func (c *Cache) Load(ctx context.Context, fsys fs.FS, dir string) (changed bool, err error) {
	if !fs.ValidPath(dir) {
		return false, fmt.Errorf("load %q: not a clean path", dir)
	}
	r := c.repo(dir)
	changed, err, joined := r.flight.fly(ctx, func() (bool, error) { return c.load(ctx, fsys, r) })
	if joined {
		c.coalesced.Add(1)
	}
	return changed, err
}

// Accept says that an operator means it: the next generation of the repository in dir comes
// into service even if it is older than the present one, or no longer signed.
func (c *Cache) Accept(dir string) {
	r := c.repo(dir)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.accept = true
}

func (c *Cache) load(ctx context.Context, fsys fs.FS, r *repo) (bool, error) {
	changed, err := c.refresh(ctx, fsys, r)
	if ctx.Err() != nil && err != nil {
		return false, fmt.Errorf("load %q: %w", r.dir, ctx.Err()) // says nothing about the repository
	}
	var failed *Error
	if err != nil {
		c.failures.Add(1)
		if !errors.As(err, &failed) {
			failed = fault(Unreadable, err)
		}
		failed = &Error{Dir: r.dir, Reason: failed.Reason, Err: failed.Err}
	}
	r.report(failed, c.now())
	if failed != nil {
		return false, failed
	}
	return changed, nil
}

func (c *Cache) refresh(ctx context.Context, fsys fs.FS, r *repo) (bool, error) {
	serving := r.serving()
	whole := serving != nil && !serving.damaged()
	seen, err := markDocuments(fsys, r.dir, c.now())
	if err != nil {
		return false, err
	}
	if whole && r.seen.stillHold(seen) {
		return false, nil
	}
	docs, err := readDocuments(fsys, r.dir)
	if err != nil {
		return false, err
	}
	parsed, err := repomd.Parse(docs.repomd.data)
	if err != nil {
		return false, fault(Malformed, err)
	}
	if len(parsed.Data) == 0 {
		return false, fault(Malformed, errors.New("repomd.xml lists no file"))
	}
	r.mu.Lock()
	accept := r.accept
	r.mu.Unlock()
	v, err := judge(serving, docs, parsed, leave{unsigned: accept, older: accept || c.allowRollback})
	if err != nil {
		return false, err
	}
	if v == resigned && !accept {
		if err := r.await(docs, c.now()); err != nil {
			return false, err
		}
	}
	var members []member
	switch {
	case v == unchanged && whole:
		r.seen, r.resign = seen, pending{}
		return false, nil
	case v == resigned && whole:
		members = c.share(serving)
	default:
		if members, err = c.gather(ctx, fsys, r.dir, parsed); err != nil {
			return false, err
		}
	}
	if err := c.confirm(fsys, r.dir, docs); err != nil {
		c.release(bodiesOf(members))
		return false, err
	}
	r.seen, r.resign = seen, pending{}
	return true, c.commit(r, docs, parsed, members)
}

// await holds a signature back that changed while repomd.xml did not. It may be of the next
// repomd.xml, which a publisher renames last.
func (r *repo) await(docs documents, now time.Time) error {
	if docs.signature.equal(r.serving().documents.signature) {
		return nil // it is the key that changed
	}
	if r.resign.since.IsZero() || !r.resign.documents.equal(docs) {
		r.resign = pending{docs, now}
	}
	if left := signatureWait - now.Sub(r.resign.since); left > 0 {
		return fault(BadSignature, fmt.Errorf("%s changed, repomd.xml did not: taken in %v if that is all", signatureName, left.Round(time.Second)))
	}
	return nil
}

// confirm reads the documents once more: what was verified between the two readings is the
// repository of both.
func (c *Cache) confirm(fsys fs.FS, dir string, docs documents) error {
	again, err := readDocuments(fsys, dir)
	if err != nil {
		return err
	}
	if !again.equal(docs) {
		return fault(Moved, errors.New("repomd.xml or its signature changed while its files were read"))
	}
	return nil
}

// commit puts a verified generation into service: first on disk, then by the swap.
func (c *Cache) commit(r *repo, docs documents, parsed *repomd.Repomd, members []member) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.removed {
		c.release(bodiesOf(members))
		return fault(Moved, errors.New("the repository was removed from service"))
	}
	old := r.serving()
	g := newGeneration(r.dir, docs, parsed, members, r.loadedAt(docs, c.now()))
	r.note = c.record(g)
	next, gone := r.view.Load().with(g)
	r.view.Store(next)
	c.publish(r, g.odd())
	for _, old := range gone { // its record is now the one of g
		c.release(old.bodies)
	}
	if old != nil {
		cool(old, g)
	}
	for _, m := range members {
		if m.data != nil && c.budget.admit(m.body) {
			c.budget.fill(m.body, m.data)
		}
	}
	r.accept = false
	r.missing = time.Time{}
	r.swaps++
	c.swaps.Add(1)
	return nil
}

// loadedAt is the time from which the repomd.xml of docs is in service: since before, if it
// is only signed anew or repaired. It grows from generation to generation, even when the
// clock was set back.
func (r *repo) loadedAt(docs documents, now time.Time) time.Time {
	now = now.Round(0).UTC()
	old := r.serving()
	switch {
	case old == nil:
		return now
	case docs.repomd.equal(old.documents.repomd):
		return old.LoadedAt
	case !now.After(old.LoadedAt):
		return old.LoadedAt.Add(1)
	}
	return now
}

// record writes g to disk, and returns a note for people where that cannot be: the generation
// is served all the same, but not after a restart.
func (c *Cache) record(g *generation) string {
	if c.store == nil {
		return ""
	}
	for _, b := range g.bodies {
		if held, ok := b.place.(heldFile); ok {
			return fmt.Sprintf("not kept for a restart: %v", held.why)
		}
	}
	if err := c.store.write(g); err != nil {
		return fmt.Sprintf("not kept for a restart: %v", err)
	}
	return ""
}

// cool makes the files of old that g has not the first to leave memory.
func cool(old, g *generation) {
	for _, b := range old.bodies {
		if !slices.Contains(g.bodies, b) {
			b.heat.Store(0)
		}
	}
}
