package hub

import (
	"context"
	"errors"
	"strings"

	"mirrorctl/copr"
)

// fetch makes the source package, after which builders may have the build.
func (h *Hub) fetch(ctx context.Context, id uint64) error {
	b, err := h.Ledger.Get(ctx, id)
	if err != nil {
		return err
	}
	var got Imported
	p, pkg, err := h.Package(b.Project, b.Package)
	if err == nil {
		got, err = h.Importer.Import(ctx, p, pkg, *b)
	}
	var unknown *UnknownError
	var why string
	if err != nil {
		why = strings.TrimPrefix(err.Error(), copr.ErrRefused.Error()+": ")
	}
	refused := errors.Is(err, copr.ErrRefused) || errors.As(err, &unknown)
	if err != nil && !refused {
		return err
	}
	return h.Ledger.Update(ctx, id, func(b *copr.Build) error {
		if !refused {
			b.Spec, b.SRPM, b.EVR, b.Names, b.Sources = got.Spec, got.SRPM, got.EVR, got.Names, got.Sources
		} else {
			b.Reason = why
		}
		for i := range b.Chroots {
			switch c := &b.Chroots[i]; {
			case c.State != copr.Importing: // canceled meanwhile, or skipped
			case refused:
				h.finish(c, copr.Failed, "the source package could not be made: "+why)
			default:
				c.State, c.Reason = copr.Pending, ""
			}
		}
		h.sum(b)
		return nil
	})
}
