package results

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"mirrorctl/copr"
	"mirrorctl/internal/durable"
)

const errLocked = syscall.EWOULDBLOCK

// Markers of a build's directory.
const (
	successName = "success"
	failName    = "fail"
	retiredName = "retired"
)

// Stage puts what dir holds (signed packages, provenance/*.json, logs) beside the other builds of a chroot, without
// publishing it. What was staged before is replaced if it differs; what is published already is left as it is.
func (t *Tree) Stage(ctx context.Context, p copr.Project, ch copr.Channel, b copr.Build, c copr.BuildChroot, dir string) error {
	r, err := t.open(ctx, p, ch, c.Chroot)
	if err != nil {
		return fmt.Errorf("stage build %d for %s: %w", b.ID, c.Chroot, err)
	}
	defer r.close()
	return r.stage(ctx, b, c, dir)
}

// Publish stages what dir holds and brings out a new generation of the channel's repository that lists it.
func (t *Tree) Publish(ctx context.Context, p copr.Project, ch copr.Channel, b copr.Build, c copr.BuildChroot, dir string) error {
	return t.PublishAll(ctx, p, ch, b, map[copr.Chroot]string{c.Chroot: dir})
}

// PublishAll publishes several chroots of a build, by their directories: all are staged before the first is published.
func (t *Tree) PublishAll(ctx context.Context, p copr.Project, ch copr.Channel, b copr.Build, dirs map[copr.Chroot]string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("publish build %d: %w", b.ID, err)
		}
	}()
	if err := t.placeKey(ctx, p.Name); err != nil {
		return err
	}
	var open []*repository
	defer func() {
		for _, r := range open {
			r.close()
		}
	}()
	for _, c := range slices.SortedFunc(maps.Keys(dirs), copr.Chroot.Compare) { // one order for all, so that no two wait for each other
		bc := b.Chroot(c)
		if bc == nil {
			return fmt.Errorf("chroot %s is not one of its own", c)
		}
		r, err := t.open(ctx, p, ch, c)
		if err != nil {
			return err
		}
		open = append(open, r)
		if err := r.stage(ctx, b, *bc, dirs[c]); err != nil {
			return err
		}
	}
	for _, r := range open {
		if err := r.admit(b); err != nil {
			return err
		}
	}
	for _, r := range open {
		if err := r.settle(ctx); err != nil {
			return err
		}
	}
	return nil
}

// admit makes a staged build one of the repository's: the next generation lists it. Its packages must be there, or
// there is nothing to publish.
func (r *repository) admit(b copr.Build) error {
	dir, err := r.build(b)
	if err != nil {
		return err
	}
	packages, err := filepath.Glob(filepath.Join(escape(dir), "*.rpm"))
	if err != nil {
		return err
	}
	if len(packages) == 0 {
		return fmt.Errorf("%s: no packages: %w", dir, fs.ErrNotExist)
	}
	return r.mark(dir, successName, nil)
}

// Record keeps the log and the results of a chroot that failed, and touches no repository. dir may be empty: nothing was delivered.
func (t *Tree) Record(ctx context.Context, p copr.Project, ch copr.Channel, b copr.Build, c copr.BuildChroot, dir string) error {
	r, err := t.open(ctx, p, ch, c.Chroot)
	if err != nil {
		return fmt.Errorf("record build %d for %s: %w", b.ID, c.Chroot, err)
	}
	defer r.close()
	return r.record(ctx, b, c, dir)
}

// placeKey writes the public key where clients look for it.
func (t *Tree) placeKey(ctx context.Context, p copr.ProjectName) error {
	key, err := t.Signer.PublicKey(ctx, p)
	if err != nil {
		return fmt.Errorf("public key of %s: %w", p, err)
	}
	if _, err := os.Stat(t.Root); err != nil {
		return err
	}
	name := filepath.Join(t.Root, KeyFile(p))
	if err := durable.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	lock, err := acquire(ctx, filepath.Dir(name))
	if err != nil {
		return err
	}
	defer lock.Close()
	switch have, err := os.ReadFile(name); {
	case err == nil && string(have) == string(key):
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return durable.Replace(name, key, 0o644)
}

// Ensure gives chroots that have no repository yet an empty one in each channel, so that who enables the project before its
// first build gets no error.
func (t *Tree) Ensure(ctx context.Context, p copr.Project, chroots []copr.Chroot) error {
	if err := t.placeKey(ctx, p.Name); err != nil {
		return err
	}
	for _, ch := range []copr.Channel{copr.Stable, copr.Testing} {
		for _, c := range chroots {
			if err := t.ensure(ctx, p, ch, c); err != nil {
				return fmt.Errorf("prepare %s: %w", Dir(p.Name, ch, c), err)
			}
		}
	}
	return nil
}

func (t *Tree) ensure(ctx context.Context, p copr.Project, ch copr.Channel, c copr.Chroot) error {
	r, err := t.open(ctx, p, ch, c)
	if err != nil {
		return err
	}
	defer r.close()
	if there, err := exists(filepath.Join(r.dir, "repodata/repomd.xml")); there || err != nil {
		return err
	}
	return r.generation(ctx)
}

// Regenerate brings out a new generation of a repository from what lies in it: after a repair by hand, or with a new key.
func (t *Tree) Regenerate(ctx context.Context, p copr.Project, ch copr.Channel, c copr.Chroot) error {
	if err := t.placeKey(ctx, p.Name); err != nil {
		return err
	}
	r, err := t.open(ctx, p, ch, c)
	if err != nil {
		return err
	}
	defer r.close()
	return r.generation(ctx)
}

func stamp(at time.Time) []byte { return []byte(at.UTC().Format(time.RFC3339) + "\n") }
