package dock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"mirrorctl/copr"
)

// adopt makes the record follow a result in the inbox. Where it does already, nothing happens.
func (d *Dock) adopt(ctx context.Context, build uint64, ch copr.Chroot, attempt int) error {
	data, err := os.ReadFile(filepath.Join(d.Inbox(build, ch, attempt), resultName))
	if err != nil {
		return err
	}
	var r copr.Result
	if err := json.Unmarshal(data, &r); err != nil {
		return fmt.Errorf("read %s of build %d for %s: %w", resultName, build, ch, err)
	}
	t := copr.Task{Build: build, Chroot: ch, Attempt: attempt}
	for again := true; again; {
		again = false
		err := d.ledger.Update(ctx, build, func(b *copr.Build) error {
			c, err := current(b, t)
			switch {
			case errors.Is(err, ErrDuplicate):
				return nil
			case err != nil:
				return err
			case c.State == copr.Pending: // given back by a builder that had delivered: no state is left out
				c.State, again = copr.Starting, true
				return nil
			}
			c.State, c.Step, c.Reason, c.Builder, c.Result = copr.Running, copr.StepCheck, "", r.Builder, &r
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Recover makes the records follow the results in the inbox, and removes results and half deliveries that nobody waits
// for any more. Call it before builders are served.
func (d *Dock) Recover(ctx context.Context) error {
	var errs []error
	for _, tree := range []string{"inbox", "upload"} {
		names, err := filepath.Glob(filepath.Join(d.dir, tree, "*", "*", "*"))
		if err != nil {
			return fmt.Errorf("recover %s: %w", tree, err)
		}
		for _, name := range names {
			if err := d.recover(ctx, tree, name); err != nil {
				errs = append(errs, fmt.Errorf("recover %s: %w", name, err))
			}
		}
	}
	return errors.Join(errs...)
}

func (d *Dock) recover(ctx context.Context, tree, name string) error {
	t, err := parseDir(name)
	if err != nil {
		d.log.Warn("not ours; left alone", "path", name)
		return nil
	}
	r, err := d.ledger.Get(ctx, t.Build)
	if errors.Is(err, fs.ErrNotExist) {
		// More likely the wrong records than a build that never was: nothing is removed on that word.
		d.log.Warn("no record of the build; left alone", "path", name)
		return nil
	}
	if err != nil {
		return err
	}
	c, err := current(r, t)
	switch {
	case tree == "inbox" && errors.Is(err, ErrDuplicate): // the hub has yet to deal with it
		return nil
	case err != nil: // ended, or another attempt
		return os.RemoveAll(name)
	case tree == "inbox":
		return d.adopt(ctx, t.Build, t.Chroot, t.Attempt)
	case c.Delivery != t.Delivery:
		return os.RemoveAll(name)
	}
	return nil
}

// parseDir reads …/<build>/<chroot>/<attempt>[.<delivery>].
func parseDir(name string) (t copr.Task, err error) {
	rest, last := filepath.Split(name)
	rest, chroot := filepath.Split(filepath.Clean(rest))
	build := filepath.Base(rest)
	if t.Build, err = strconv.ParseUint(build, 10, 64); err != nil {
		return t, err
	}
	if t.Chroot, err = copr.ParseChroot(chroot); err != nil {
		return t, err
	}
	attempt, delivery, handed := strings.Cut(last, ".")
	if t.Attempt, err = strconv.Atoi(attempt); err != nil {
		return t, err
	}
	if handed {
		t.Delivery, err = strconv.Atoi(delivery)
	}
	return t, err
}
