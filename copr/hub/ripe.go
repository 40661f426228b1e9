package hub

import (
	"time"

	"mirrorctl/copr"
)

// ripe picks the build that a rule promotes: the newest one which has been in testing long enough and has no chroot that failed.
// What is older than a promoted build stays where it is, and so does what is frozen, for the reason given.
func ripe(newestFirst []*copr.Build, rule copr.Publish, now time.Time, frozen func(copr.Chroot) string) (id uint64, ok bool) {
	for _, b := range newestFirst {
		if b.Channel != copr.Testing || b.State != copr.Succeeded || b.Ended == nil {
			continue
		}
		waiting := false
		for _, c := range b.Chroots {
			waiting = waiting || c.State == copr.Succeeded && !c.Promoted && frozen(c.Chroot) == ""
		}
		if !waiting {
			return 0, false
		}
		if now.Sub(*b.Ended) >= rule.PromoteAfter {
			return b.ID, true
		}
	}
	return 0, false
}
