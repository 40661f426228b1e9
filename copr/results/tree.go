package results

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mirrorctl/copr"
	"mirrorctl/internal/durable"
	"mirrorctl/repomd/index"
)

// Signer has the keys.
type Signer interface {
	// PublicKey is what clients check the project's signatures with, armoured.
	PublicKey(ctx context.Context, p copr.ProjectName) ([]byte, error)
	// SignRepomd makes the armoured, detached signature of a chroot's repomd.xml of the time at.
	SignRepomd(ctx context.Context, p copr.ProjectName, c copr.Chroot, at time.Time, repomd []byte) ([]byte, error)
}

// Options are what a Tree is made of.
type Options struct {
	// Root holds the active trees; results/ lies in it. It is never created.
	Root string
	// Signer signs repodata. Required.
	Signer Signer
	// Grace is how long files stay that the repository no longer lists. Default 96 h, as long as a replaced generation is served.
	Grace time.Duration
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Tree is the results tree of one root.
type Tree struct {
	Options
	known index.Known
}

// New makes a Tree.
func New(o Options) *Tree {
	if o.Grace <= 0 {
		o.Grace = 96 * time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Tree{Options: o}
}

// Dir is the directory of a chroot's repository, relative to the root.
func Dir(p copr.ProjectName, ch copr.Channel, c copr.Chroot) string {
	return filepath.Join("results", ch.Directory(p), c.String())
}

// KeyFile is the project's public key, relative to the root. It lies in no chroot's tree: when those are archived, it stays.
func KeyFile(p copr.ProjectName) string { return filepath.Join("results", p.String(), "pubkey.gpg") }

// repository is one repository that is open for change.
type repository struct {
	tree *Tree
	p    copr.Project
	c    copr.Chroot
	dir  string
	lock *os.File
}

// open waits until the repository is ours alone, and makes it if it is not there. The caller closes it.
func (t *Tree) open(ctx context.Context, p copr.Project, ch copr.Channel, c copr.Chroot) (*repository, error) {
	if info, err := os.Stat(t.Root); err != nil {
		return nil, err // a missing mount must not look like an empty tree
	} else if !info.IsDir() {
		return nil, fmt.Errorf("root %s: not a directory", t.Root)
	}
	dir := filepath.Join(t.Root, Dir(p.Name, ch, c))
	if err := durable.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	lock, err := acquire(ctx, dir)
	if err != nil {
		return nil, err
	}
	return &repository{tree: t, p: p, c: c, dir: dir, lock: lock}, nil
}

func (r *repository) close() { r.lock.Close() } // the kernel gives the lock back

// build is the directory of a build.
func (r *repository) build(b copr.Build) (string, error) {
	if name := b.Dir(); b.Package == "" || filepath.Base(name) != name || strings.ContainsAny(name, "*?[\\\x00\n") {
		return "", fmt.Errorf("build %d: package %q cannot name a directory", b.ID, b.Package)
	}
	return filepath.Join(r.dir, b.Dir()), nil
}

// lockName begins like all names of ours that are never served, archived or listed.
const lockName = ".mirrorctl-lock"

// acquire waits for the lock of a directory.
func acquire(ctx context.Context, dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for wait := time.Millisecond; ; wait = min(2*wait, 200*time.Millisecond) {
		switch err := durable.Flock(f); {
		case err == nil:
			return f, nil
		case !errors.Is(err, errLocked):
			return nil, errors.Join(fmt.Errorf("lock %s: %w", dir, err), f.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("lock %s: %w", dir, ctx.Err()), f.Close())
		case <-time.After(wait):
		}
	}
}

func exists(name string) (bool, error) {
	_, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
