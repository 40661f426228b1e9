package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"mirrorctl/internal/durable"
	"mirrorctl/mirror"
)

// purgeBatch is how many names are journaled, asked for and unlinked at a time.
const purgeBatch = 1000

// purge unlinks the trashed trees, deepest names first. Only what the manifest knows, what is
// still as the manifest says, and what the archive says it holds at this moment is
// unlinked; whatever else lies in the trash stays there and is reported.
//
// A crash leaves any mix of present and missing; the next run goes over all of it again, and
// a restore takes what is left and copies the rest back.
func (r *run) purge(ctx context.Context, m *Manifest, proof Proof) error {
	if err := proof.covers(m.name, r.a.now(), r.a.site.ProofAge); err != nil {
		return err
	}
	names := slices.Clone(m.entries)
	slices.Reverse(names) // a directory sorts before what it holds
	r.a.prog.begin(PhasePurge, int64(len(names)), 0)
	var left []mirror.Path
	for from := 0; from < len(names); from += purgeBatch {
		to := min(from+purgeBatch, len(names))
		if err := r.ask(ctx, names[from:to]); err != nil {
			return err
		}
		if err := r.fenced(ctx); err != nil {
			return err
		}
		if err := r.log(recPurging, purgingRecord{From: from, To: to}); err != nil {
			return err
		}
		for _, e := range names[from:to] {
			if err := ctx.Err(); err != nil {
				return err
			}
			gone, err := r.unlink(e)
			if err != nil {
				return fmt.Errorf("purge %s: %w", e.Path, err)
			}
			if !gone {
				left = append(left, e.Path)
			}
			r.a.prog.files.Add(1)
		}
	}
	if err := r.clear(r.inTrash(), r.trees()); err != nil {
		return err
	}
	slices.Reverse(left)
	if err := r.advance(ctx, Purged, recPurged, purgedRecord{Left: left}); err != nil {
		return err
	}
	return r.keepJournal(ctx)
}

// ask asks the store, now, for each object of a batch.
func (r *run) ask(ctx context.Context, batch []Entry) error {
	_, keepsDirs := r.a.site.Store.(Directories)
	asked := filter(batch, func(e Entry) bool { return e.Type != Dir || keepsDirs })
	return r.a.each(ctx, asked, func(ctx context.Context, e Entry) error {
		o, err := r.a.site.Store.Stat(ctx, e.Path)
		if absent(err) {
			return fmt.Errorf("%w: the archive no longer holds %s; nothing more is deleted: restore the release", ErrUnverified, e.Path)
		} else if err != nil {
			return fmt.Errorf("ask archive for %s: %w", e.Path, err)
		}
		if what := differs(e, o); what != "" {
			return fmt.Errorf("%w: at %s it holds %s; nothing more is deleted: restore the release", ErrUnverified, e.Path, what)
		}
		return nil
	})
}

// unlink removes one name from the job's trash: the only place of this package that unlinks
// what came from the root. It reports false where the name must stay.
func (r *run) unlink(e Entry) (gone bool, err error) {
	p := r.inTrash().at(e.Path)
	d, err := durable.OpenDir(r.a.root, p.Dir().FS())
	if absent(err) {
		return true, nil
	} else if err != nil {
		return false, err
	}
	defer d.Close()
	if e.Type == Dir {
		err := d.Rmdir(p.Base())
		if errors.Is(err, unix.ENOTEMPTY) || errors.Is(err, unix.EEXIST) {
			return false, nil
		}
		if absent(err) {
			err = nil
		}
		return err == nil, err
	}
	st, err := d.Stat(p.Base())
	if absent(err) {
		return true, nil
	} else if err != nil {
		return false, err
	}
	now := entryOf(e.Path, File, st)
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		now.Size = st.Size
	case unix.S_IFLNK:
		now.Type = Symlink
		if now.Target, err = d.Readlink(p.Base()); err != nil {
			return false, err
		}
	default:
		return false, nil
	}
	if equal, _ := same(e, now); !equal {
		return false, nil
	}
	return true, d.Unlink(p.Base())
}
