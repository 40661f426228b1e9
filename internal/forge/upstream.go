package forge

import (
	"context"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/upstream"
	"mirrorctl/internal/config"
	"mirrorctl/internal/egress"
	"mirrorctl/repomd/index"
)

// follower asks upstreams for the hub.
type follower struct{ watcher *upstream.Watcher }

func newUpstream(cfg *config.Config, p places) (*follower, error) {
	w, err := upstream.New(upstream.Options{
		Client: egress.New(egress.Policy{AllowPrivate: cfg.Copr.AllowPrivate}), State: p.at("upstream.json"), Allowed: files(cfg),
	})
	return &follower{w}, err
}

// Intervals between two questions where the declaration names none: a directory is looked at, others are asked.
const (
	lookEvery = 2 * time.Second
	askEvery  = time.Hour
)

// Newest implements hub.Upstream.
func (f *follower) Newest(ctx context.Context, p copr.Project, pkg copr.Package) (string, time.Duration, error) {
	wait := pkg.Watch.Every
	switch {
	case wait > 0:
	case pkg.Watch.Directory != "":
		wait = lookEvery
	default:
		wait = askEvery
	}
	version, err := f.watcher.Check(ctx, upstream.Target{Project: p.Name, Package: pkg.Name, Watch: pkg.Watch})
	return version, wait, err
}

// Newer implements hub.Upstream.
func (f *follower) Newer(a, b string) bool { return index.CompareVersions(a, b) > 0 }
