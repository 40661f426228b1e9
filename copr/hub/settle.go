package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mirrorctl/copr"
)

// settle takes a delivery to its end: checked, signed and published, or failed with the reason.
func (h *Hub) settle(ctx context.Context, id uint64, chroot copr.Chroot) error {
	b, err := h.Ledger.Get(ctx, id)
	if err != nil {
		return err
	}
	c := b.Chroot(chroot)
	if c == nil || c.State != copr.Running || c.Result == nil {
		return nil
	}
	s := &settling{h: h, b: *b, c: *c, dir: h.Inbox.Dir(id, chroot, c.Attempt)}
	if err := s.run(ctx); errors.Is(err, errGone) {
		return nil
	} else if err != nil {
		return err
	}
	return h.tidy(ctx, id, chroot)
}

// settling is one delivery on its way.
type settling struct {
	h   *Hub
	b   copr.Build
	c   copr.BuildChroot
	p   copr.Project
	pkg copr.Package
	dir string // what the builder delivered
}

func (s *settling) run(ctx context.Context) (err error) {
	if s.p, s.pkg, err = s.h.Package(s.b.Project, s.b.Package); err != nil {
		return s.end(ctx, copr.Failed, err.Error())
	}
	if why := s.h.frozen(s.c.Chroot); why != "" { // since the build was submitted
		return s.end(ctx, copr.Skipped, why)
	}
	if s.p.Publish.AllOrNothing && s.c.Step == copr.StepPublish {
		return s.together(ctx)
	}
	for _, step := range []func() error{
		func() error { return s.judge(ctx) },
		func() error { return s.step(ctx, copr.StepSign) },
		func() error { return s.sign(ctx) },
		func() error { return s.step(ctx, copr.StepPublish) },
	} {
		if err := step(); errors.Is(err, copr.ErrRefused) {
			return s.fail(ctx, reason(err))
		} else if err != nil {
			return err
		}
	}
	if s.p.Publish.AllOrNothing {
		return s.together(ctx)
	}
	return s.publish(ctx, s)
}

// publish offers deliveries of one build, none before all are in the tree.
func (s *settling) publish(ctx context.Context, all ...*settling) error {
	dirs := map[copr.Chroot]string{}
	for _, t := range all {
		dirs[t.c.Chroot] = t.out()
	}
	err := s.h.Tree.PublishAll(ctx, s.p, s.b.Channel, s.b, dirs)
	if err != nil && !errors.Is(err, copr.ErrRefused) {
		return err
	}
	why := ""
	if err != nil {
		why = reason(err)
	}
	for _, t := range all {
		if why != "" {
			err = t.fail(ctx, why)
		} else {
			err = t.end(ctx, copr.Succeeded, "")
		}
		if err != nil && !errors.Is(err, errGone) {
			return err
		}
	}
	return nil
}

// out is where signed packages wait for their publication.
func (s *settling) out() string {
	return filepath.Join(s.h.Staging, fmt.Sprint(s.b.ID), s.c.Chroot.String())
}

// judge looks at what the builder says and at what it delivered.
func (s *settling) judge(ctx context.Context) error {
	r := s.c.Result
	if r.Exit != 0 {
		return fmt.Errorf("%w: %s", copr.ErrRefused, cmp.Or(r.Reason, fmt.Sprintf("the build ended with status %d", r.Exit)))
	}
	if s.pkg.Twice && r.Reproducible == nil {
		return fmt.Errorf("%w: it was to be built twice and was not", copr.ErrRefused)
	}
	report, err := s.h.Checker.Check(ctx, s.p, s.b, s.c, s.dir)
	if err != nil {
		return err
	}
	// What the hub itself has checked stands beside what the builder's gates say, once.
	r.Gates = slices.DeleteFunc(slices.Clone(r.Gates), func(g copr.Report) bool { return g.Gate == report.Gate })
	ran := slices.ContainsFunc(r.Gates, func(g copr.Report) bool { return g.Gate == s.pkg.Gate })
	r.Gates = append(r.Gates, report)
	var why []string
	if !ran && s.pkg.Gate != "none" {
		why = append(why, "gate "+s.pkg.Gate+" did not run")
	}
	for _, g := range r.Gates {
		why = append(why, g.Judge(s.pkg.Allowed)...)
	}
	if len(why) > 0 {
		err = fmt.Errorf("%w: %s", copr.ErrRefused, strings.Join(why, "; "))
	}
	return errors.Join(s.update(ctx, func(c *copr.BuildChroot) { c.Result.Gates = r.Gates }), err)
}

func (s *settling) sign(ctx context.Context) error {
	out := s.out()
	if err := os.RemoveAll(out); err != nil { // what an earlier try left
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	return s.h.Signer.Sign(ctx, s.p, s.b, s.c, s.dir, out)
}

// step records how far it has come.
func (s *settling) step(ctx context.Context, step copr.Step) error {
	return s.update(ctx, func(c *copr.BuildChroot) { c.Step = step })
}

// update changes the chroot's record, as long as it is still this delivery's.
func (s *settling) update(ctx context.Context, change func(*copr.BuildChroot)) error {
	b, err := s.h.change(ctx, s.b.ID, func(b *copr.Build) error {
		c := b.Chroot(s.c.Chroot)
		if c == nil || c.State != copr.Running || c.Attempt != s.c.Attempt || c.Result == nil {
			return errGone
		}
		change(c)
		s.h.sum(b)
		return nil
	})
	if err == nil {
		s.b, s.c = *b, *b.Chroot(s.c.Chroot)
	}
	return err
}

// fail keeps the logs where people look for them, and ends the chroot.
func (s *settling) fail(ctx context.Context, why string) error {
	if err := s.h.Tree.Record(ctx, s.p, s.b.Channel, s.b, s.c, s.dir); err != nil {
		return err
	}
	return s.end(ctx, copr.Failed, why)
}

func (s *settling) end(ctx context.Context, state copr.State, why string) error {
	return s.update(ctx, func(c *copr.BuildChroot) { s.h.finish(c, state, why) })
}

// reason is what a refusal says to whoever waits for the build.
func reason(err error) string { return strings.TrimPrefix(err.Error(), copr.ErrRefused.Error()+": ") }
