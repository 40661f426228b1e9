package results

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"mirrorctl/copr"
	"mirrorctl/internal/durable"
)

// Promote puts a build that is in testing into stable, too. Its files are linked: they are the bytes that were tested.
func (t *Tree) Promote(ctx context.Context, p copr.Project, b copr.Build, c copr.Chroot) error {
	fail := func(err error) error { return fmt.Errorf("promote build %d for %s: %w", b.ID, c, err) }
	if err := t.placeKey(ctx, p.Name); err != nil {
		return fail(err)
	}
	r, err := t.open(ctx, p, copr.Stable, c)
	if err != nil {
		return fail(err)
	}
	defer r.close()
	final, err := r.build(b)
	if err != nil {
		return fail(err)
	}
	if done, err := exists(filepath.Join(final, successName)); err != nil {
		return fail(err)
	} else if !done {
		from := filepath.Join(t.Root, Dir(p.Name, copr.Testing, c), b.Dir())
		if err := r.adopt(ctx, from, final, b); err != nil {
			return fail(err)
		}
		if err := r.admit(b); err != nil {
			return fail(err)
		}
	}
	if err := r.settle(ctx); err != nil {
		return fail(err)
	}
	return nil
}

// adopt makes final a copy of from, a build that is published in another channel.
func (r *repository) adopt(ctx context.Context, from, final string, b copr.Build) error {
	if good, err := exists(filepath.Join(from, successName)); err != nil {
		return err
	} else if !good {
		return fmt.Errorf("%s is not published: %w", from, fs.ErrNotExist)
	}
	temp := filepath.Join(r.dir, durable.TempName(b.Dir()))
	defer os.RemoveAll(temp)
	if err := linkTree(ctx, from, temp); err != nil {
		return err
	}
	if err := discard(final); err != nil {
		return err
	}
	return durable.Rename(temp, final)
}

// linkTree makes to a tree of links to the files of from, or of copies where a link cannot be made. Markers stay
// where they are: each channel has its own.
func linkTree(ctx context.Context, from, to string) error {
	return filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case d.IsDir():
			return durable.MkdirAll(target, 0o755)
		case rel == successName || rel == retiredName || !d.Type().IsRegular():
			return nil
		}
		err = os.Link(name, target)
		if errors.Is(err, unix.EXDEV) || errors.Is(err, unix.EMLINK) || errors.Is(err, unix.EPERM) {
			return durable.Write(target, 0o644, func(w io.Writer) error { return copyOf(name)(w) })
		}
		if err != nil {
			return err
		}
		return durable.SyncDir(filepath.Dir(target))
	})
}

// Keep takes all but the given builds of a package out of a chroot's repository. Their files stay for the grace: clients
// may still have metadata that names them. The logs of failed builds go with the builds around them; those after the oldest
// that is kept stay.
func (t *Tree) Keep(ctx context.Context, p copr.Project, ch copr.Channel, c copr.Chroot, pkg string, builds []uint64) error {
	return t.retire(ctx, p, ch, c, func(id uint64, name string, failed bool) bool {
		if name != pkg || slices.Contains(builds, id) {
			return false
		}
		return !failed || len(builds) > 0 && id < slices.Min(builds)
	})
}

// Retract takes one build out of a chroot's repository.
func (t *Tree) Retract(ctx context.Context, p copr.Project, ch copr.Channel, b copr.Build, c copr.Chroot) error {
	return t.retire(ctx, p, ch, c, func(id uint64, name string, _ bool) bool { return id == b.ID && name == b.Package })
}

// retire marks the builds that leave and brings out a generation without them.
func (t *Tree) retire(ctx context.Context, p copr.Project, ch copr.Channel, c copr.Chroot, leaves func(id uint64, pkg string, failed bool) bool) error {
	if there, err := exists(filepath.Join(t.Root, Dir(p.Name, ch, c))); !there || err != nil {
		return err // pruned: nothing leaves what is not here
	}
	r, err := t.open(ctx, p, ch, c)
	if err != nil {
		return err
	}
	defer r.close()
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		id, pkg, ok := parseDir(e.Name())
		if !ok || !e.IsDir() {
			continue
		}
		dir := filepath.Join(r.dir, e.Name())
		failed, err := exists(filepath.Join(dir, failName))
		if err != nil {
			return err
		}
		published, err := exists(filepath.Join(dir, successName))
		if err != nil {
			return err
		}
		if !published && !failed || !leaves(id, pkg, failed) { // neither: staged, and about to be published
			continue
		}
		if err := r.mark(dir, retiredName, stamp(t.Now())); err != nil {
			return err
		}
	}
	if err := r.settle(ctx); err != nil {
		return fmt.Errorf("retire from %s: %w", r.dir, err)
	}
	return nil
}
