package hub

import (
	"context"
	"fmt"
	"slices"

	"mirrorctl/copr"
)

// Promote puts a build that is in testing into stable; no chroots stands for all that have succeeded. A build older than
// what stable has is put beside it: clients take the newest.
func (h *Hub) Promote(ctx context.Context, id uint64, chroots []copr.Chroot) (*copr.Build, error) {
	b, err := h.Ledger.Get(ctx, id)
	if err != nil {
		return b, err
	}
	p, err := h.Project(b.Project)
	if err != nil {
		return b, err
	}
	var ready []copr.Chroot
	kept := "" // why those that are archived are not among them
	for _, c := range b.Chroots {
		switch {
		case c.State != copr.Succeeded || len(chroots) > 0 && !slices.Contains(chroots, c.Chroot):
		case h.frozen(c.Chroot) != "":
			kept = h.frozen(c.Chroot)
		default:
			ready = append(ready, c.Chroot)
		}
	}
	switch {
	case b.Channel != copr.Testing:
		return b, fmt.Errorf("%w: build %d was published in %s", copr.ErrRefused, id, b.Channel)
	case len(ready) == 0 && kept != "":
		return b, fmt.Errorf("%w: %s", copr.ErrRefused, kept)
	case len(ready) == 0:
		return b, fmt.Errorf("%w: build %d has no such chroot in testing", copr.ErrRefused, id)
	}
	for _, c := range ready {
		if err := h.Tree.Promote(ctx, p, *b, c); err != nil {
			return b, err
		}
		b, err = h.change(ctx, id, func(b *copr.Build) error {
			b.Chroot(c).Promoted = true
			return nil
		})
		if err != nil {
			return b, err
		}
		if err := h.retain(ctx, b, c, copr.Stable); err != nil {
			return b, err
		}
	}
	return b, nil
}

// promoteRipe promotes by the projects' rules.
func (h *Hub) promoteRipe(ctx context.Context) {
	for _, p := range h.Projects() {
		for _, pkg := range p.Packages {
			if p.Publish.PromoteAfter == 0 {
				continue
			}
			id, ok := ripe(h.Ledger.List(copr.Query{Project: p.Name, Package: pkg.Name}), p.Publish, h.Now(), h.frozen)
			if !ok {
				continue
			}
			_, err := h.Promote(ctx, id, nil)
			if err != nil && ctx.Err() == nil {
				h.Log.ErrorContext(ctx, "a promotion had trouble and is tried again", "project", p.Name.String(), "package", pkg.Name, "error", err)
			}
		}
	}
}
