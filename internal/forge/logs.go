package forge

import (
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"mirrorctl/copr"
	"mirrorctl/copr/console"
	"mirrorctl/copr/results"
)

// Open implements console.Logs: the log as it grows while the build is under way, afterwards as it was published. Who follows
// one that has not begun waits for it.
func (f *Forge) Open(ctx context.Context, id uint64, chroot copr.Chroot, follow bool) (io.ReadCloser, error) {
	b, c, err := f.begun(ctx, id, chroot, follow)
	if err != nil {
		return nil, err
	}
	if !c.State.Ended() && c.Attempt > 0 {
		return f.dock.Follow(ctx, id, chroot, c.Attempt)
	}
	name := filepath.Join(f.cfg.Root, results.Dir(b.Project, b.Channel, chroot), b.Dir(), "builder-live.log.gz")
	packed, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) && c.Attempt > 0 { // canceled: nothing of it was published
		return f.dock.Follow(ctx, id, chroot, c.Attempt)
	} else if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s of build %d has no log: it is %s: %w", chroot, id, c.State, fs.ErrNotExist)
	} else if err != nil {
		return nil, err
	}
	text, err := gzip.NewReader(packed)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", name, err), packed.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{text, packed}, nil
}

// begun is the record of a chroot; where wait is set, once its first attempt has begun or it has ended.
func (f *Forge) begun(ctx context.Context, id uint64, chroot copr.Chroot, wait bool) (*copr.Build, *copr.BuildChroot, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	changed := f.queue.Ledger().Watch(ctx) // before the first look, so that nothing falls between them
	for {
		b, err := f.queue.Ledger().Get(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		c := b.Chroot(chroot)
		switch {
		case c == nil:
			return nil, nil, fmt.Errorf("build %d has no chroot %s: %w", id, chroot, fs.ErrNotExist)
		case c.Attempt > 0 || c.State.Ended() || !wait:
			return b, c, nil
		}
		for now := b; now != nil; {
			if now = <-changed; now == nil {
				return nil, nil, cmp.Or(ctx.Err(), errStops)
			} else if now.ID == id {
				break
			}
		}
	}
}

// errStops is for those who wait while the hub stops.
var errStops = errors.New("the hub stops")

// Builders implements console.Builders.
func (f *Forge) Builders(context.Context) ([]console.Builder, error) {
	at := map[string]*console.Builder{}
	all := []*console.Builder{}
	know := func(name string) *console.Builder {
		if at[name] == nil {
			at[name] = &console.Builder{Name: name}
			all = append(all, at[name])
		}
		return at[name]
	}
	if f.crew != nil {
		know(f.crew.Name).Arches = f.crew.Arches
	}
	names, err := f.keys.Names()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		know(name)
	}
	for _, b := range f.queue.Ledger().List(copr.Query{}) {
		if b.State.Ended() {
			continue
		}
		for _, c := range b.Chroots {
			if c.Builder != "" && !c.State.Ended() {
				k := know(c.Builder)
				k.Tasks = append(k.Tasks, copr.Task{Build: b.ID, Chroot: c.Chroot, Attempt: c.Attempt}.ID())
			}
		}
	}
	found := make([]console.Builder, len(all))
	for i, b := range all {
		found[i] = *b
	}
	return found, nil
}
