package dock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"mirrorctl/copr"
)

// Hold takes a task for the builder and counts its Delivery, or, where that is set, confirms it and says which step it is
// at. Who takes a task whose builder is silent has it from then on; where that is alive the error wraps ErrHeld.
func (b *Builder) Hold(ctx context.Context, t copr.Task, at copr.Step) (copr.Task, error) {
	if !slices.Contains(b.arches, t.Chroot.Arch) {
		return t, fmt.Errorf("builder %s, task %s: %w", b.name, t.ID(), ErrForeign)
	}
	if t.Delivery > 0 {
		return t, b.confirm(ctx, t, at)
	}
	// A result may lie there whose record does not know of it: the hub was killed in between.
	if _, err := os.Stat(filepath.Join(b.dock.Inbox(t.Build, t.Chroot, t.Attempt), resultName)); err == nil {
		if err := b.dock.adopt(ctx, t.Build, t.Chroot, t.Attempt); err != nil {
			return t, err
		}
	}
	var given int
	now := time.Now().UTC().Truncate(time.Millisecond)
	err := b.dock.ledger.Update(ctx, t.Build, func(r *copr.Build) error {
		given = 0
		c, err := current(r, t)
		if err != nil {
			return err
		}
		if c.State == copr.Running || c.State == copr.Starting {
			// One that asks for what it has was killed and is back: it would not ask else.
			if c.Builder != b.name && b.dock.seen.alive(t.ID()) {
				return ErrHeld
			}
			c.Reason = "builder " + c.Builder + " was lost"
		}
		if c.Delivery >= b.dock.deliveries {
			c.State, c.Step = copr.Failed, ""
			c.Reason = fmt.Sprintf("handed to builders %d times and never finished; %s", c.Delivery, c.Reason)
			return nil
		}
		if c.State == copr.Pending {
			c.State = copr.Starting
		}
		c.Delivery++
		given = c.Delivery
		c.Builder, c.Step, c.Started = b.name, "", &now
		return nil
	})
	if err != nil {
		return t, lost(b, t, err)
	}
	if given == 0 {
		return t, fmt.Errorf("task %s was handed out too often: %w", t.ID(), ErrStale)
	}
	t.Delivery = given
	b.dock.seen.now(t.ID())
	return t, nil
}

func (b *Builder) confirm(ctx context.Context, t copr.Task, at copr.Step) error {
	err := b.dock.ledger.Update(ctx, t.Build, func(r *copr.Build) error {
		c, err := b.held(r, t)
		if err == nil && at != "" {
			c.State, c.Step = copr.Running, at
		}
		return err
	})
	if err == nil {
		b.dock.seen.now(t.ID())
	}
	return lost(b, t, err)
}

// Release gives the task up; another builder gets it.
func (b *Builder) Release(ctx context.Context, t copr.Task, reason string) error {
	err := b.dock.ledger.Update(ctx, t.Build, func(r *copr.Build) error {
		c, err := b.held(r, t)
		if err == nil {
			c.State, c.Step, c.Builder = copr.Pending, "", ""
			c.Reason = "builder " + b.name + " gave it back: " + line(reason)
		}
		return err
	})
	return lost(b, t, err)
}

// current returns the chroot of a task that may still be worked on.
func current(r *copr.Build, t copr.Task) (*copr.BuildChroot, error) {
	c := r.Chroot(t.Chroot)
	switch {
	case c == nil || c.Attempt != t.Attempt || c.State.Ended():
		return nil, ErrStale
	case c.Result != nil:
		return nil, ErrDuplicate
	case c.State != copr.Pending && c.State != copr.Starting && c.State != copr.Running:
		return nil, ErrStale
	}
	return c, nil
}

// held returns the chroot of a task that this builder holds.
func (b *Builder) held(r *copr.Build, t copr.Task) (*copr.BuildChroot, error) {
	c, err := current(r, t)
	if err != nil {
		return nil, err
	}
	if c.Builder != b.name || c.Delivery != t.Delivery || t.Delivery == 0 {
		return nil, ErrStale
	}
	return c, nil
}

// check is held without a change.
func (b *Builder) check(ctx context.Context, t copr.Task) (*copr.Build, error) {
	r, err := b.dock.ledger.Get(ctx, t.Build)
	if err == nil {
		_, err = b.held(r, t)
	}
	return r, lost(b, t, err)
}

// lost names builder and task in an error. A build that is not there is one that nobody can work on.
func lost(b *Builder, t copr.Task, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		err = ErrStale
	}
	return fmt.Errorf("builder %s, task %s: %w", b.name, t.ID(), err)
}

// line makes one short line of what a builder says: it goes into the record.
func line(s string) string {
	clean := []rune{}
	for _, r := range s {
		if r < ' ' || r == 0x7f {
			r = ' '
		}
		if clean = append(clean, r); len(clean) == 300 {
			break
		}
	}
	return string(clean)
}
