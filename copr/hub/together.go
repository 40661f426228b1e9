package hub

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mirrorctl/copr"
)

// together publishes all chroots of a build once the last of them is ready. Whoever comes early leaves; whoever comes late finds it
// done. The deliveries may have lain here for hours: they are signed again, which holds every byte against what the builder
// announced, before the first of them is offered.
func (s *settling) together(ctx context.Context) error {
	s.h.joint.Lock()
	defer s.h.joint.Unlock()
	b, err := s.h.Ledger.Get(ctx, s.b.ID)
	if err != nil {
		return err
	}
	var all []*settling
	for i := range b.Chroots {
		if c := &b.Chroots[i]; c.State == copr.Running && c.Result != nil && c.Step == copr.StepPublish {
			all = append(all, &settling{h: s.h, b: *b, c: *c, p: s.p, pkg: s.pkg, dir: s.h.Inbox.Dir(b.ID, c.Chroot, c.Attempt)})
		}
	}
	switch broken := broken(b); {
	case !slices.ContainsFunc(all, func(t *settling) bool { return t.c.Chroot == s.c.Chroot }):
		return errGone
	case broken != "":
		return failAll(ctx, all, broken)
	case waits(b):
		return errGone // the last of them takes the others along
	}
	for _, t := range all {
		if why := s.h.frozen(t.c.Chroot); why != "" { // while it waited: this ends it, and calls the others again
			return t.end(ctx, copr.Skipped, why)
		}
	}
	for i, t := range all {
		if err := t.sign(ctx); errors.Is(err, copr.ErrRefused) {
			if err := t.fail(ctx, reason(err)); err != nil && !errors.Is(err, errGone) {
				return err
			}
			return failAll(ctx, slices.Delete(all, i, i+1), fmt.Sprintf("%s is %s", t.c.Chroot, copr.Failed))
		} else if err != nil {
			return err
		}
	}
	if err := s.publish(ctx, all...); err != nil {
		return err
	}
	for _, t := range all {
		if err := s.h.tidy(ctx, b.ID, t.c.Chroot); err != nil {
			return err
		}
	}
	return nil
}

// failAll ends what was ready, and is not published without the others.
func failAll(ctx context.Context, all []*settling, broken string) error {
	for _, t := range all {
		if err := t.fail(ctx, "chroots are published together, and "+broken); err != nil && !errors.Is(err, errGone) {
			return err
		}
	}
	return nil
}

// broken names a chroot of the build that will never be published.
func broken(b *copr.Build) string {
	for _, c := range b.Chroots {
		if c.State == copr.Failed || c.State == copr.Canceled {
			return fmt.Sprintf("%s is %s", c.Chroot, c.State)
		}
	}
	return ""
}

// waits reports whether a chroot is still on its way to being published.
func waits(b *copr.Build) bool {
	return slices.ContainsFunc(b.Chroots, func(c copr.BuildChroot) bool { return !c.State.Ended() && c.Step != copr.StepPublish })
}
