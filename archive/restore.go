package archive

import (
	"context"
	"fmt"
	"slices"

	"mirrorctl/mirror"
)

// restore brings a published release back into the root, from whatever mix a prune, finished
// or not, has left: trees still in the root are held against the manifest, trees in the trash are
// renamed back, and what was purged is copied from the archive, which keeps its copy.
//
// Until the last tree stands in the root the archive answers. A tree is built beside the
// root's trees and renamed into place whole:
//
//	trash/<tree> → restore/<tree> → missing files copied, read back → root/<tree> → state document
func (r *run) restore(ctx context.Context) error {
	m, err := r.sealed()
	if err != nil {
		return err
	}
	if done, err := r.restoredAlready(ctx); err != nil {
		return err
	} else if done {
		return r.finishRestore(ctx)
	}
	trees := r.trees()
	r.a.prog.begin(PhaseRestore, int64(len(m.entries)), 0)
	where, err := r.locate(ctx, m, trees)
	if err != nil {
		return err
	}
	if r.state != Restoring {
		found, err := r.a.parents(trees)
		if err != nil {
			return err
		}
		if err := r.advance(ctx, Restoring, recRestoring, restoringRecord{Parents: found}); err != nil {
			return err
		}
	}
	if _, _, err := r.swap(ctx, r.record(mirror.Restoring), r.from(mirror.Archived, mirror.Pruned)); err != nil {
		return err
	}
	for _, tree := range trees {
		if where[tree] == r.inTrash() {
			if err := r.move(tree, r.inTrash(), r.inRestore()); err != nil {
				return fmt.Errorf("restore %s: %w", tree, err)
			}
			where[tree] = r.inRestore()
		}
	}
	if err := r.rebuild(ctx, m, where); err != nil {
		return err
	}
	for _, tree := range trees {
		if where[tree] == inRoot {
			continue
		}
		if err := r.move(tree, r.inRestore(), inRoot); err != nil {
			return fmt.Errorf("restore %s: %w", tree, err)
		}
	}
	if err := r.tidy(trees); err != nil {
		return err
	}
	if _, _, err := r.swap(ctx, r.record(mirror.Active), r.from(mirror.Restoring)); err != nil {
		return err
	}
	return r.finishRestore(ctx)
}

// restoredAlready reports whether a run died between the swap of the document and its record.
// The root is served by then, and may have changed for good reason.
func (r *run) restoredAlready(ctx context.Context) (bool, error) {
	if r.state != Restoring {
		return false, nil
	}
	doc, err := r.a.site.State.Load(ctx)
	if err != nil {
		return false, fmt.Errorf("read state document: %w", err)
	}
	rec := doc.Releases[r.begin.Target.Release]
	return rec != nil && rec.Job == r.id && rec.State == mirror.Active, nil
}

func (r *run) finishRestore(ctx context.Context) error {
	if err := r.advance(ctx, Restored, recRestored, struct{}{}); err != nil {
		return err
	}
	return r.keepJournal(ctx)
}

// locate finds each tree: in the root, where it must be as archived, in the trash, or, not
// found there, where the restore builds it. Two of them at once is a conflict.
func (r *run) locate(ctx context.Context, m *Manifest, trees []mirror.Path) (map[mirror.Path]base, error) {
	where := map[mirror.Path]base{}
	for _, tree := range trees {
		var at []base
		for _, b := range []base{inRoot, r.inTrash(), r.inRestore()} {
			there, err := r.there(b, tree)
			if err != nil {
				return nil, err
			}
			if there {
				at = append(at, b)
			}
		}
		switch {
		case len(at) == 0:
			where[tree] = r.inRestore()
		case len(at) > 1:
			return nil, r.conflict(fmt.Sprintf("tree %s lies at %s and at %s", tree, at[0].at(tree), at[1].at(tree)), nil,
				"something brought it back; see which one is right and move the other away")
		default:
			where[tree] = at[0]
		}
		if len(at) == 1 && at[0] == inRoot {
			if err := r.unchanged(ctx, m, tree); err != nil {
				return nil, err
			}
		}
	}
	return where, nil
}

// tidy clears away the empty directories of trash and restore, and gives the directories
// above the trees the times that they had before the trash.
func (r *run) tidy(trees []mirror.Path) error {
	if r.trashing == nil {
		return nil // nothing ever left the root
	}
	if err := r.unmark(); err != nil {
		return err
	}
	for _, b := range []base{r.inTrash(), r.inRestore()} {
		if err := r.clear(b, trees); err != nil {
			return err
		}
	}
	return r.setTimes(r.trashing.Parents, r.trashed.Parents, r.restoring.Parents)
}

// rebuild completes the trees that do not stand in the root yet, and checks them.
func (r *run) rebuild(ctx context.Context, m *Manifest, where map[mirror.Path]base) error {
	b := &builder{run: r, m: m, where: where, groups: map[mirror.Path][]mirror.Path{}, present: map[mirror.Path]bool{}, touched: map[mirror.Path]bool{}}
	for _, tree := range r.trees() {
		if err := b.look(ctx, tree); err != nil {
			return err
		}
	}
	if err := b.room(); err != nil {
		return err
	}
	if err := b.fill(ctx); err != nil {
		return err
	}
	for _, tree := range r.trees() {
		if where[tree] == inRoot {
			continue
		}
		now, err := r.scanAt(ctx, where[tree], tree)
		if err != nil {
			return err
		}
		// What a purge left because the archive does not hold it came along, and stays.
		want := under(m.entries, tree)
		now = slices.DeleteFunc(now, func(e Entry) bool { _, ok := find(want, e.Path); return !ok })
		if diffs := diffScan(want, now); len(diffs) > 0 {
			return r.conflict(fmt.Sprintf("tree %s was not rebuilt as it was archived", tree), diffs, "the archive goes on answering; look at "+string(where[tree].at(tree)))
		}
	}
	return nil
}
