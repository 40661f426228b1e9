package hub

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"mirrorctl/copr"
)

// tidy removes what the end of a chroot leaves behind: older builds of the package beyond those that are kept, and
// after the last chroot what lies in the inbox and in staging.
func (h *Hub) tidy(ctx context.Context, id uint64, chroot copr.Chroot) error {
	b, err := h.Ledger.Get(ctx, id)
	if err != nil {
		return err
	}
	if c := b.Chroot(chroot); c.State == copr.Succeeded {
		if err := h.retain(ctx, b, chroot, b.Channel); err != nil {
			return err
		}
	}
	if !b.State.Ended() {
		return nil
	}
	if err := os.RemoveAll(filepath.Join(h.Staging, strconv.FormatUint(id, 10))); err != nil {
		return err
	}
	return h.Inbox.Forget(id)
}

// retain keeps the newest builds of a package in a channel of a chroot.
func (h *Hub) retain(ctx context.Context, b *copr.Build, chroot copr.Chroot, ch copr.Channel) error {
	p, err := h.Project(b.Project)
	if err != nil || p.Publish.Keep == 0 || h.frozen(chroot) != "" {
		return nil
	}
	var keep []uint64
	for _, b := range h.Ledger.List(copr.Query{Project: b.Project, Package: b.Package}) {
		if c := b.Chroot(chroot); c != nil && slices.Contains(channels(b, *c), ch) && len(keep) < p.Publish.Keep {
			keep = append(keep, b.ID)
		}
	}
	return h.Tree.Keep(ctx, p, ch, chroot, b.Package, keep)
}

// channels are where a chroot of a build is offered.
func channels(b *copr.Build, c copr.BuildChroot) []copr.Channel {
	switch {
	case c.State != copr.Succeeded:
		return nil
	case c.Promoted && b.Channel == copr.Testing:
		return []copr.Channel{copr.Testing, copr.Stable}
	}
	return []copr.Channel{b.Channel}
}
