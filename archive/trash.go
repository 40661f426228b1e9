package archive

import (
	"context"
	"errors"
	"fmt"

	"mirrorctl/mirror"
)

// trash moves every tree of the release out of the root, on the same filesystem. Nothing is
// unlinked. It takes a proof, and moves only what is still what the proof is about.
//
// A crash anywhere leaves each tree whole, in the root or in the trash; the next run, or
// a restore, finds it at either place.
func (r *run) trash(ctx context.Context, m *Manifest, proof Proof) error {
	if err := proof.covers(m.name, r.a.now(), r.a.site.ProofAge); err != nil {
		return err
	}
	trees := r.trees()
	r.a.prog.begin(PhaseTrash, int64(len(trees)), 0)
	// All trees are looked at before the first is moved.
	for _, tree := range trees {
		moved, err := r.there(r.inTrash(), tree)
		if err != nil {
			return err
		}
		if moved && r.trashing != nil {
			continue
		}
		if err := r.unchanged(ctx, m, tree); err != nil {
			return err
		}
	}
	if r.trashing == nil {
		before, err := r.a.parents(trees)
		if err != nil {
			return err
		}
		if err := r.log(recTrashing, trashingRecord{Trees: trees, Parents: before}); err != nil {
			return err
		}
	}
	if err := r.mark(); err != nil {
		return err
	}
	for _, tree := range trees {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.move(tree, inRoot, r.inTrash()); err != nil {
			return fmt.Errorf("trash %s: %w", tree, err)
		}
		r.a.prog.files.Add(1)
	}
	after, err := r.a.parents(trees)
	if err != nil {
		return err
	}
	return r.advance(ctx, Trashed, recTrashed, trashedRecord{Time: r.a.now(), Parents: after})
}

// pruned says so in the state document, once the trees are in the trash.
func (r *run) pruned(ctx context.Context) error {
	if _, _, err := r.swap(ctx, r.record(mirror.Pruned), r.from(mirror.Archived)); err != nil {
		return err
	}
	return r.keepJournal(ctx)
}

// unchanged holds a tree in the root against the manifest: the same names, sizes, times and
// modes. A file whose inode or ctime moved, by a restored backup or a snapshot, is read again.
func (r *run) unchanged(ctx context.Context, m *Manifest, tree mirror.Path) error {
	const hint = "see what writes to the root; restore the release and archive it again to take the change over"
	now, err := r.scanAt(ctx, inRoot, tree)
	if err != nil {
		return err
	}
	want := under(m.entries, tree)
	if diffs := diffScan(want, now); len(diffs) > 0 {
		return r.conflict(fmt.Sprintf("tree %s is not what was archived", tree), diffs, hint)
	}
	for i, e := range want {
		if _, sure := same(e, now[i]); sure || e.Type != File {
			continue
		}
		e.Inode, e.Claims = now[i].Inode, nil
		// e carries its hash: other bytes are errChanged.
		_, _, err := r.a.hashRoot(ctx, e, false)
		if errors.Is(err, errChanged) {
			return r.conflict(fmt.Sprintf("tree %s is not what was archived", tree), []string{fmt.Sprintf("%s has other bytes", e.Path)}, hint)
		} else if err != nil {
			return fmt.Errorf("read %s again: %w", e.Path, err)
		}
	}
	return nil
}

// under is the part of sorted entries at and below a tree.
func under(entries []Entry, tree mirror.Path) []Entry {
	var part []Entry
	for _, e := range entries {
		if e.Path.Under(tree) {
			part = append(part, e)
		}
	}
	return part
}
