package hub

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"mirrorctl/copr"
	"mirrorctl/mirror"
)

// UnknownError says that nothing of that name is declared.
type UnknownError struct{ Kind, Name string }

func (e *UnknownError) Error() string { return fmt.Sprintf("unknown %s %q", e.Kind, e.Name) }

// Is makes it an fs.ErrNotExist.
func (e *UnknownError) Is(target error) bool { return target == fs.ErrNotExist }

// Submit begins a build. What cannot be built is skipped with its reason; the error wraps copr.ErrRefused or is an *UnknownError.
func (h *Hub) Submit(ctx context.Context, o copr.Order) (*copr.Build, error) {
	p, pkg, err := h.Package(o.Project, o.Package)
	if err != nil {
		return nil, err
	}
	b := &copr.Build{
		Project: p.Name, Package: pkg.Name, Version: o.Version, Channel: o.Channel, Background: o.Background,
		Submitter: o.Submitter, Submitted: h.Now().UTC(),
	}
	if b.Version == "" {
		b.Version = pkg.Version
	}
	if b.Channel == "" {
		b.Channel = pkg.Channel
	}
	switch {
	case b.Channel != copr.Testing && b.Channel != copr.Stable:
		return nil, fmt.Errorf("%w: channel %q: want testing or stable", copr.ErrRefused, b.Channel)
	case o.SRPM != "" && !strings.HasSuffix(o.SRPM, ".src.rpm"):
		return nil, fmt.Errorf("%w: %q is no source package: its name ends in .src.rpm", copr.ErrRefused, o.SRPM)
	case o.SRPM != "":
		b.Version, b.Sources = "", []copr.Source{{URL: o.SRPM, Name: path.Base(o.SRPM)}}
	case b.Version == "":
		return nil, fmt.Errorf("%w: package %s declares no version: name one", copr.ErrRefused, pkg.Name)
	}
	chroots := o.Chroots
	if len(chroots) == 0 {
		chroots = p.Chroots
	}
	for _, c := range chroots {
		if !slices.Contains(p.Chroots, c) {
			return nil, &UnknownError{"chroot of " + p.Name.String(), c.String()}
		}
		bc := copr.BuildChroot{Chroot: c, State: copr.Importing}
		if why := h.skips(pkg, c); why != "" {
			bc.State, bc.Reason = copr.Skipped, why
		}
		b.Chroots = append(b.Chroots, bc)
	}
	slices.SortFunc(b.Chroots, func(x, y copr.BuildChroot) int { return x.Chroot.Compare(y.Chroot) })
	b.Chroots = slices.CompactFunc(b.Chroots, func(x, y copr.BuildChroot) bool { return x.Chroot == y.Chroot })
	b.State = b.Summary()
	return b, h.Ledger.Create(ctx, b)
}

// skips is why a package is not built for a chroot; "" where it is.
func (h *Hub) skips(pkg copr.Package, c copr.Chroot) string {
	for _, e := range pkg.Exclude {
		for _, pattern := range e.Chroots {
			if ok, _ := path.Match(pattern, c.String()); ok {
				return e.Reason
			}
		}
	}
	return h.frozen(c)
}

// frozen is why nothing of a chroot's tree may change; "" where it may. What is archived, or on its way there, is to stay
// what was read for the archive: a file more, and the tree could not leave the root.
func (h *Hub) frozen(c copr.Chroot) string {
	if s := h.Releases.State(c.Release()); s != mirror.Active {
		return fmt.Sprintf("%s is %s: it is kept as it is", c.Release(), s)
	}
	return ""
}

// Cancel ends what has not ended. Chroots that are being published go on: half of a publication is no state.
func (h *Hub) Cancel(ctx context.Context, id uint64, who string) (*copr.Build, error) {
	return h.change(ctx, id, func(b *copr.Build) error {
		left := 0
		for i := range b.Chroots {
			c := &b.Chroots[i]
			if c.State.Ended() || c.Step == copr.StepPublish {
				continue
			}
			left++
			h.finish(c, copr.Canceled, "canceled by "+who)
		}
		if left == 0 {
			return fmt.Errorf("%w: nothing of build %d can be canceled: it has ended or is being published", copr.ErrRefused, id)
		}
		h.sum(b)
		return nil
	})
}

// Retry gives the chroots that failed or were canceled another attempt; none stands for all of them.
func (h *Hub) Retry(ctx context.Context, id uint64, chroots []copr.Chroot) (*copr.Build, error) {
	return h.change(ctx, id, func(b *copr.Build) error {
		next := copr.Pending
		if b.SRPM.IsZero() {
			next = copr.Importing
		}
		again := 0
		for i := range b.Chroots {
			c := &b.Chroots[i]
			if c.State != copr.Failed && c.State != copr.Canceled || len(chroots) > 0 && !slices.Contains(chroots, c.Chroot) {
				continue
			}
			again++
			*c = copr.BuildChroot{Chroot: c.Chroot, State: next, Attempt: c.Attempt + 1}
		}
		if again == 0 {
			return fmt.Errorf("%w: no such chroot of build %d has failed or was canceled", copr.ErrRefused, id)
		}
		b.Ended, b.Reason = nil, ""
		b.State = b.Summary()
		return nil
	})
}

// change changes a record and returns it.
func (h *Hub) change(ctx context.Context, id uint64, how func(*copr.Build) error) (*copr.Build, error) {
	if err := h.Ledger.Update(ctx, id, how); err != nil {
		return nil, err
	}
	return h.Ledger.Get(ctx, id)
}

// finish ends a chroot.
func (h *Hub) finish(c *copr.BuildChroot, s copr.State, why string) {
	now := h.Now().UTC()
	c.State, c.Step, c.Reason, c.Ended = s, "", why, &now
}

// sum brings the whole in line with its chroots.
func (h *Hub) sum(b *copr.Build) {
	if b.State = b.Summary(); b.State.Ended() && b.Ended == nil {
		now := h.Now().UTC()
		b.Ended = &now
	}
}

// errGone says that a record was changed by somebody else in a way that leaves nothing to do.
var errGone = errors.New("nothing left to do")
