package site

import (
	"time"

	"mirrorctl/mirror"
)

// Summary is one release for a table: what it is, what it weighs, when it ends.
type Summary struct {
	Release      mirror.Release `json:"release"`
	State        mirror.State   `json:"state"`
	Since        time.Time      `json:"since,omitzero"` // of the state
	EOL          string         `json:"eol,omitempty"`  // the last day of support
	Ended        bool           `json:"ended"`          // support is over
	Repositories int            `json:"repositories"`
	Files        int64          `json:"files"`
	Packages     int64          `json:"packages"`
	Bytes        int64          `json:"bytes"` // each inode once
	Job          string         `json:"job,omitempty"`
	Trees        []mirror.Path  `json:"trees,omitempty"`
}

// Summaries are all releases, in order.
func (v *View) Summaries(now time.Time) []Summary {
	weights := map[mirror.Release]size{}
	for _, z := range v.sizes() {
		w := weights[z.release]
		w.Files, w.Bytes, w.Packages = w.Files+z.Files, w.Bytes+z.Bytes, w.Packages+z.Packages
		weights[z.release] = w
	}
	var all []Summary
	for _, r := range v.catalog.Releases() {
		w := weights[r.Release]
		s := Summary{
			Release: r.Release, State: r.State, Repositories: len(r.Repositories), Trees: r.Trees,
			Files: w.Files, Packages: w.Packages, Bytes: w.Bytes, Ended: v.EOL(r.Release, now),
		}
		if e, ok := v.calendar.Lookup(r.Release); ok && !e.EOL.IsZero() {
			s.EOL = e.EOL.Format(time.DateOnly)
		}
		if r.Record != nil {
			s.Since, s.Job = r.Record.Since, r.Record.Job
		}
		all = append(all, s)
	}
	return all
}
