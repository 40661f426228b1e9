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
	"mirrorctl/mirror"
)

// Ledger knows the builds.
type Ledger interface {
	// Get returns a record; fs.ErrNotExist where there is none.
	Get(ctx context.Context, id uint64) (copr.Build, error)
}

// Releases says which trees may change: one that is archived, or on its way there, may not.
type Releases interface {
	State(r mirror.Release) mirror.State
}

// Swept says what Sweep did.
type Swept struct {
	Removed []string // files and directories, relative to the root
	// Unknown are published builds without a record: the ledger was lost, or somebody put them there. They are left for
	// people to judge, since clients may rely on them.
	Unknown []string
}

// Sweep removes what nobody needs any more: what a crash left, what was staged for a build without a record, what was
// retired before the grace, and metadata of generations that were replaced before it. It leaves trees alone that are not
// active: what leaves the root for the archive must be what was read for it.
func (t *Tree) Sweep(ctx context.Context, ledger Ledger, releases Releases) (Swept, error) {
	var s Swept
	dirs, err := filepath.Glob(filepath.Join(escape(t.Root), "results", "*", "*", "*"))
	if err != nil {
		return s, err
	}
	for _, dir := range dirs {
		if c, err := copr.ParseChroot(filepath.Base(dir)); err != nil || releases.State(c.Release()) != mirror.Active {
			continue
		}
		if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
			continue
		}
		if err := t.sweepDir(ctx, dir, ledger, &s); err != nil {
			return s, fmt.Errorf("sweep %s: %w", dir, err)
		}
	}
	return s, nil
}

func (t *Tree) sweepDir(ctx context.Context, dir string, ledger Ledger, s *Swept) error {
	lock, err := acquire(ctx, dir)
	if err != nil {
		return err
	}
	defer lock.Close()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	rel := func(name string) string {
		return strings.TrimPrefix(filepath.Join(dir, name), filepath.Clean(t.Root)+"/")
	}
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		if durable.IsTemp(e.Name()) {
			if err := os.RemoveAll(name); err != nil {
				return err
			}
			s.Removed = append(s.Removed, rel(e.Name()))
			continue
		}
		id, _, ok := parseDir(e.Name())
		if !ok || !e.IsDir() {
			continue
		}
		gone, known, err := t.over(ctx, name, id, ledger)
		switch {
		case err != nil:
			return err
		case gone:
			if err := discard(name); err != nil {
				return err
			}
			s.Removed = append(s.Removed, rel(e.Name()))
		case !known:
			s.Unknown = append(s.Unknown, rel(e.Name()))
		}
	}
	old, err := t.oldMetadata(filepath.Join(dir, "repodata"))
	if err != nil {
		return err
	}
	for _, name := range old {
		if err := os.Remove(filepath.Join(dir, "repodata", name)); err != nil {
			return err
		}
		s.Removed = append(s.Removed, rel("repodata/"+name))
	}
	return nil
}

// over reports whether a build's directory is to go, and whether the build has a record.
func (t *Tree) over(ctx context.Context, dir string, id uint64, ledger Ledger) (gone, known bool, err error) {
	if raw, err := os.ReadFile(filepath.Join(dir, retiredName)); err == nil {
		at, err := time.Parse(time.RFC3339, strings.TrimSpace(string(raw)))
		return err == nil && t.Now().Sub(at) > t.Grace, true, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return false, false, err
	}
	switch _, err := ledger.Get(ctx, id); {
	case err == nil:
		return false, true, nil
	case !errors.Is(err, fs.ErrNotExist):
		return false, false, err
	}
	published, err := exists(filepath.Join(dir, successName))
	return !published && err == nil, false, err
}
