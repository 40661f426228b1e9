package hub

import (
	"context"
	"time"

	"mirrorctl/copr"
)

// Upstream tells of new versions.
type Upstream interface {
	// Newest is the newest version that upstream offers and how long to wait before asking again; "" where there is none.
	Newest(ctx context.Context, p copr.Project, pkg copr.Package) (version string, wait time.Duration, err error)
	// Newer reports whether version a is newer than b.
	Newer(a, b string) bool
}

// follow submits what upstream releases, each version once, whatever becomes of it: a version that fails is not tried again unless
// somebody asks for it.
func (h *Hub) follow(ctx context.Context) error {
	next := map[string]time.Time{}
	return every(ctx, time.Second, func(ctx context.Context) {
		for _, p := range h.Projects() {
			for _, pkg := range p.Packages {
				key := p.Name.String() + "/" + pkg.Name
				if pkg.Watch == (copr.Watch{}) || h.Now().Before(next[key]) {
					continue
				}
				wait, err := h.look(ctx, p, pkg)
				if err != nil && ctx.Err() == nil {
					h.Log.WarnContext(ctx, "upstream could not be asked", "package", key, "error", err)
				}
				next[key] = h.Now().Add(wait)
			}
		}
	})
}

func (h *Hub) look(ctx context.Context, p copr.Project, pkg copr.Package) (time.Duration, error) {
	newest, wait, err := h.Upstream.Newest(ctx, p, pkg)
	if err != nil || newest == "" {
		return wait, err
	}
	if pkg.Version != "" && h.Upstream.Newer(pkg.Version, newest) {
		return wait, nil // it has not released what is declared, or takes it back
	}
	for _, b := range h.Ledger.List(copr.Query{Project: p.Name, Package: pkg.Name}) {
		if b.Version != "" && !h.Upstream.Newer(newest, b.Version) {
			return wait, nil
		}
	}
	b, err := h.Submit(ctx, copr.Order{Project: p.Name, Package: pkg.Name, Version: newest, Background: true, Submitter: "upstream"})
	if err == nil {
		h.Log.InfoContext(ctx, "upstream has a new version", "project", p.Name.String(), "package", pkg.Name, "version", newest, "build", b.ID)
	}
	return wait, err
}
