package forge

import (
	"context"

	"mirrorctl/copr"
	"mirrorctl/internal/metric"
)

// count counts every chroot of a build that ends from now on, until ctx ends.
func (f *Forge) count(ctx context.Context) error {
	ledger := f.queue.Ledger()
	changed := ledger.Watch(ctx) // before the list, so that nothing falls between them
	last := map[uint64]*copr.Build{}
	for _, b := range ledger.List(copr.Query{}) {
		last[b.ID] = b
	}
	for b := range changed {
		f.tally(b, ended(last[b.ID], b))
		last[b.ID] = b
	}
	return ctx.Err()
}

// ended lists the chroots of a build that have ended since it was as old says; nil for one that was not there.
func ended(old, b *copr.Build) []copr.BuildChroot {
	var all []copr.BuildChroot
	for _, c := range b.Chroots {
		if !c.State.Ended() {
			continue
		}
		if old != nil {
			if was := old.Chroot(c.Chroot); was != nil && was.State.Ended() && was.Attempt == c.Attempt {
				continue
			}
		}
		all = append(all, c)
	}
	return all
}

// tally counts chroots that have ended. Names that are not declared are not counted: labels come from closed sets.
func (f *Forge) tally(b *copr.Build, ended []copr.BuildChroot) {
	if _, _, err := f.hub.Package(b.Project, b.Package); err != nil {
		return
	}
	project := b.Project.String()
	for _, c := range ended {
		f.metrics.Counter(metric.CoprBuilds, project, b.Package, c.Chroot.String(), string(c.State)).Inc()
		if c.Started != nil && c.Ended != nil {
			f.metrics.Histogram(metric.CoprBuildDuration, project, b.Package, c.Chroot.String()).Observe(c.Ended.Sub(*c.Started).Seconds())
		}
	}
}
