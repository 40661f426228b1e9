package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"mirrorctl/internal/durable"
	"mirrorctl/mirror"
)

// base is a directory of the root below which trees lie under their own paths: the root
// itself, a job's trash, or the place where a restore builds.
type base mirror.Path

const inRoot base = ""

const (
	trashName   = ".mirrorctl-trash"
	restoreName = ".mirrorctl-restore"
	tombstone   = "tombstone.json"
)

func (r *run) inTrash() base   { return base(trashName + "/" + r.id) }
func (r *run) inRestore() base { return base(restoreName + "/" + r.id) }

func (b base) at(p mirror.Path) mirror.Path { return mirror.Path(b).Join(p) }

// trees are the release's trees that the job found in the root.
func (r *run) trees() []mirror.Path {
	var trees []mirror.Path
	for _, t := range r.begin.Target.Trees {
		if _, ok := find(r.plan, t); ok {
			trees = append(trees, t)
		}
	}
	return trees
}

// there reports whether a tree lies at a base.
func (r *run) there(b base, tree mirror.Path) (bool, error) {
	e, err := r.a.statRoot(b.at(tree))
	switch {
	case absent(err):
		return false, nil
	case err != nil:
		return false, err
	case e.Type != Dir:
		return false, r.conflict(fmt.Sprintf("%s is a %s", b.at(tree), e.Type), nil, "move it out of the way")
	}
	return true, nil
}

// scanAt scans one tree at a base, under its own paths.
func (r *run) scanAt(ctx context.Context, b base, tree mirror.Path) ([]Entry, error) {
	s, err := scanTrees(ctx, r.a.root, []mirror.Path{b.at(tree)})
	if err != nil {
		return nil, err
	}
	for i := range s.entries {
		e := &s.entries[i]
		e.Path = e.Path.Rel(mirror.Path(b))
		if e.HardLink != "" {
			e.HardLink = e.HardLink.Rel(mirror.Path(b))
		}
	}
	if len(s.problems) > 0 {
		return nil, &ProblemsError{s.problems}
	}
	return s.entries, nil
}

// move renames a tree from one base to another, replacing nothing, and makes it durable in
// both parents: the new name first, so that a power cut may leave two names of one directory
// to a filesystem's check but never none. A tree that was moved before a crash is only synced.
//
//	mkdir -p parent of to → renameat2 NOREPLACE → fsync parent of to → fsync parent of from
func (r *run) move(tree mirror.Path, from, to base) error {
	src, err := r.there(from, tree)
	if err != nil {
		return err
	}
	dst, err := r.there(to, tree)
	if err != nil {
		return err
	}
	switch {
	case src && dst:
		return r.conflict(fmt.Sprintf("tree %s lies at %s and at %s", tree, from.at(tree), to.at(tree)), nil,
			"something brought it back; see which one is right and move the other away")
	case !src && !dst:
		return r.conflict(fmt.Sprintf("tree %s lies neither at %s nor at %s", tree, from.at(tree), to.at(tree)), nil,
			"find out who moved it; the archive holds it")
	}
	there, err := durable.MkdirAllIn(r.a.root, to.at(tree).Dir().FS(), 0o755)
	if err != nil {
		return err
	}
	defer there.Close()
	here, err := durable.OpenDir(r.a.root, from.at(tree).Dir().FS())
	if absent(err) && dst {
		return there.Sync() // moved before, and its old parent was cleared away since
	} else if err != nil {
		return err
	}
	defer here.Close()
	if src {
		if err := here.Rename(tree.Base(), there, tree.Base()); errors.Is(err, unix.EXDEV) {
			return fmt.Errorf("%s is on another filesystem than the root and cannot be moved at once: %w", tree, err)
		} else if err != nil {
			return err
		}
	}
	if err := there.Sync(); err != nil {
		return err
	}
	return here.Sync()
}

// clear removes a base and what is above it as far as it is empty: mere directories that this
// package made.
func (r *run) clear(b base, trees []mirror.Path) error {
	for _, tree := range trees {
		for p := tree.Dir(); p != ""; p = p.Dir() {
			if err := r.rmdir(b.at(p)); err != nil {
				return err
			}
		}
	}
	for p := mirror.Path(b); p != ""; p = p.Dir() {
		if err := r.rmdir(p); err != nil {
			return err
		}
	}
	return nil
}

// rmdir removes an empty directory below the trash or the place of a restore.
func (r *run) rmdir(p mirror.Path) error {
	if top, _, _ := strings.Cut(string(p), "/"); top != trashName && top != restoreName {
		return fmt.Errorf("refusing to remove %s: not ours", p)
	}
	d, err := durable.OpenDir(r.a.root, p.Dir().FS())
	if absent(err) {
		return nil
	} else if err != nil {
		return err
	}
	defer d.Close()
	err = d.Rmdir(p.Base())
	if err == nil {
		return d.Sync()
	}
	if absent(err) || errors.Is(err, unix.ENOTEMPTY) || errors.Is(err, unix.EEXIST) {
		return nil
	}
	return err
}

// mark leaves a tombstone in the job's trash: a person, or a sync, that finds the trees gone
// reads there why. It stays when the trash is purged.
func (r *run) mark() error {
	d, err := durable.MkdirAllIn(r.a.root, string(r.inTrash()), 0o755)
	if err != nil {
		return err
	}
	defer d.Close()
	data, err := json.MarshalIndent(struct {
		Job      string         `json:"job"`
		Release  mirror.Release `json:"release"`
		Manifest Sum            `json:"manifest"`
		Trees    []mirror.Path  `json:"trees"`
		Text     string         `json:"text"`
	}{r.id, r.begin.Target.Release, r.manifest, r.trees(), "These trees are in the archive. Do not bring them back by hand: mirrorctl restore " + r.begin.Target.Release.String()}, "", "\t")
	if err != nil {
		return err
	}
	if err := d.Sweep(r.id); err != nil { // what a run that died right here has left
		return err
	}
	attr := durable.Attr{Mode: 0o644, MTime: r.a.now()}
	err = durable.Place(d, durable.TempFor(r.id, tombstone), tombstone, attr, func(f *os.File) error {
		_, err := f.Write(append(data, '\n'))
		return err
	}, nil)
	if exists(err) {
		err = nil
	}
	return errors.Join(err, d.Sync())
}

// unmark takes the tombstone away.
func (r *run) unmark() error {
	d, err := durable.OpenDir(r.a.root, string(r.inTrash()))
	if absent(err) {
		return nil
	} else if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Unlink(tombstone); err != nil && !absent(err) {
		return err
	}
	return d.Sync()
}

// setTimes gives the directories above the trees the times that they had before the trash,
// where nobody but us has touched them in between. after is what they had once the trees were
// gone, and now what they had before the restore began to bring them back.
func (r *run) setTimes(before, after, now []Entry) error {
	for _, b := range before {
		a, known := find(after, b.Path)
		n, ok := find(now, b.Path)
		if !ok || known && a.MTime != n.MTime {
			continue
		}
		d, err := durable.OpenDir(r.a.root, b.Path.FS())
		if err != nil {
			return err
		}
		if err := errors.Join(d.SetTimes(".", time.Unix(0, b.MTime)), d.Sync(), d.Close()); err != nil {
			return err
		}
	}
	return nil
}
