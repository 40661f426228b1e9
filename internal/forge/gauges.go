package forge

import (
	"context"
	"strings"
	"time"

	"mirrorctl/copr"
	"mirrorctl/internal/metric"
	"mirrorctl/repomd/index"
)

// collect has what is true of the hub now read whenever somebody asks for it.
func (f *Forge) collect() {
	f.metrics.Collect(metric.CoprOutdated, f.outdated)
	f.metrics.Collect(metric.CoprBuilders, f.connected)
	f.metrics.Collect(metric.CoprPending, f.pending)
	f.metrics.Collect(metric.CoprWebhooks, func(yield func(float64, ...string)) {
		c := f.notifier.Counts()
		yield(float64(c.Delivered), "delivered")
		yield(float64(c.Failed), "failed")
		yield(float64(c.Dropped), "dropped")
	})
	f.metrics.Collect(metric.CoprWebhooksWaiting, func(yield func(float64, ...string)) { yield(float64(f.notifier.Counts().Waiting)) })
	f.metrics.Collect(metric.CoprSignerUp, func(yield func(float64, ...string)) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second) // a scrape does not wait longer
		defer cancel()
		yield(number(f.signer.Up(ctx) == nil))
	})
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// outdated compares what upstreams offer with what is published.
func (f *Forge) outdated(yield func(float64, ...string)) {
	published := f.published()
	for _, p := range f.hub.Projects() {
		for _, k := range p.Packages {
			name := packageName{p.Name, k.Name}
			offered := f.upstream.offers(name)
			if offered == "" || k.Watch == (copr.Watch{}) {
				continue
			}
			for _, ch := range []copr.Channel{copr.Testing, copr.Stable} {
				has, ok := published[offer{name, ch}]
				yield(number(!ok || index.CompareVersions(offered, has) > 0), p.Name.String(), k.Name, string(ch))
			}
		}
	}
}

// offer is a package in a channel.
type offer struct {
	packageName
	channel copr.Channel
}

// published are the newest versions that some chroot of a build has brought into each channel. What is in stable only counts
// for testing, too: whoever enables testing has both.
func (f *Forge) published() map[offer]string {
	newest := map[offer]string{}
	for _, b := range f.queue.Ledger().List(copr.Query{}) {
		version := b.Version
		if version == "" { // a source package was named
			version = versionOf(b.EVR)
		}
		stable, testing := false, false
		for _, c := range b.Chroots {
			if c.State == copr.Succeeded {
				testing, stable = true, stable || c.Promoted || b.Channel == copr.Stable
			}
		}
		for ch, has := range map[copr.Channel]bool{copr.Testing: testing, copr.Stable: stable} {
			key := offer{packageName{b.Project, b.Package}, ch}
			if old, ok := newest[key]; has && (!ok || index.CompareVersions(version, old) > 0) {
				newest[key] = version
			}
		}
	}
	return newest
}

// versionOf is the version in [epoch:]version-release.
func versionOf(evr string) string {
	if _, rest, ok := strings.Cut(evr, ":"); ok {
		evr = rest
	}
	version, _, _ := strings.Cut(evr, "-")
	return version
}

// connected counts builders by architecture.
func (f *Forge) connected(yield func(float64, ...string)) {
	by, ok, err := f.queue.Builders()
	if err != nil {
		f.log.Warn("builders could not be counted", "error", err)
		return
	}
	if !ok && f.crew != nil {
		by = map[string]int{}
		for _, arch := range f.crew.Arches {
			by[arch] = 1
		}
	}
	for _, arch := range copr.Arches {
		yield(float64(by[arch]), arch)
	}
}

// pending counts what waits for a builder.
func (f *Forge) pending(yield func(float64, ...string)) {
	waits := map[string]int{}
	for _, b := range f.queue.Ledger().Open() {
		for _, c := range b.Chroots {
			if c.State == copr.Pending {
				waits[c.Chroot.Arch]++
			}
		}
	}
	for _, arch := range copr.Arches {
		yield(float64(waits[arch]), arch)
	}
}
