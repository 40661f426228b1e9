package archive

import (
	"context"
	"iter"

	"golang.org/x/sync/errgroup"
)

// each calls f for every entry, so many at a time as the site has workers. The first error
// ends it.
func (a *Archiver) each(ctx context.Context, entries iter.Seq[Entry], f func(context.Context, Entry) error) error {
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(a.site.Workers)
	for e := range entries {
		if inner.Err() != nil {
			break
		}
		g.Go(func() error { return f(inner, e) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// filter yields the entries that keep lets pass.
func filter(entries []Entry, keep func(Entry) bool) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for _, e := range entries {
			if keep(e) && !yield(e) {
				return
			}
		}
	}
}
