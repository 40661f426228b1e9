package archive

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mirrorctl/mirror"
)

// drained makes sure that nobody needs the root for the release any more: the grace time has
// passed, no live server has answered from the root for a while, all follow the document,
// and the archive's URL answers with the right bytes. What is not yet due is a *NotYetError.
func (r *run) drained(ctx context.Context, m *Manifest) error {
	r.a.prog.begin(PhaseDrain, 0, 0)
	now, release := r.a.now(), r.begin.Target.Release
	if until := r.published.Time.Add(r.a.site.Grace); now.Before(until) {
		return &NotYetError{What: "grace", Until: until, Why: fmt.Sprintf("release %s was published %s ago, the grace time is %s", release, now.Sub(r.published.Time).Round(time.Second), r.a.site.Grace)}
	}
	// A server that was restarted has forgotten when it last answered from the root, but it
	// cannot have done so for this release after publishing by more than its following took.
	if until := r.published.Time.Add(r.a.site.Quiet); now.Before(until) {
		return &NotYetError{What: "quiet", Until: until, Why: fmt.Sprintf("release %s was published less than %s ago", release, r.a.site.Quiet)}
	}
	behind, err := r.a.acknowledged(ctx, r.published.Generation)
	if err != nil {
		return err
	}
	if len(behind) > 0 {
		return &NotYetError{What: "followers", Why: fmt.Sprintf("server %s does not follow generation %d of the state document; restart it", strings.Join(behind, ", "), r.published.Generation)}
	}
	if err := r.quiet(ctx, release, now); err != nil {
		return err
	}
	return r.canary(ctx, m)
}

func (r *run) quiet(ctx context.Context, release mirror.Release, now time.Time) error {
	if r.a.site.Followers == nil {
		return nil
	}
	all, err := r.a.site.Followers.Followers(ctx)
	if err != nil {
		return fmt.Errorf("list running servers: %w", err)
	}
	for _, f := range all {
		if until := f.LastRoot[release].Add(r.a.site.Quiet); now.Before(until) {
			return &NotYetError{What: "quiet", Until: until, Why: fmt.Sprintf("server %s answered from the root for %s %s ago, it must be quiet for %s",
				f.ID, release, now.Sub(f.LastRoot[release]).Round(time.Second), r.a.site.Quiet)}
		}
	}
	return nil
}

// What the canary takes besides every repomd.xml: so many files, none larger.
const (
	canaryFiles = 32
	canarySize  = 64 << 20
)

// canary fetches what clients will fetch through the URL that they are sent to.
func (r *run) canary(ctx context.Context, m *Manifest) error {
	if r.a.site.Prober == nil {
		return fmt.Errorf("%w: the archive has no URL to fetch a sample from", ErrUnverified)
	}
	for _, e := range sample(m.entries) {
		h, err := hashObject(ctx, func(ctx context.Context, e Entry) (readCloser, error) { return r.a.site.Prober.Fetch(ctx, e.Path) }, e, func(int) {})
		if err != nil {
			return fmt.Errorf("canary %s: %w", e.Path, err)
		}
		if h.size != e.Size || h.Sum() != e.Sum {
			return fmt.Errorf("canary %s: %w: the archive's URL answers with other bytes", e.Path, ErrUnverified)
		}
	}
	return nil
}

// sample takes every repomd.xml and files spread evenly over the rest.
func sample(entries []Entry) []Entry {
	var all, rest []Entry
	for _, e := range entries {
		switch {
		case e.Type != File:
		case mirror.KindOf(e.Path) == mirror.KindRepomd:
			all = append(all, e)
		case e.Size <= canarySize:
			rest = append(rest, e)
		}
	}
	n := min(canaryFiles, len(rest))
	for i := range n {
		all = append(all, rest[i*len(rest)/n])
	}
	return all
}
