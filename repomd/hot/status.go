package hot

import (
	"slices"
	"strings"
	"time"
)

// RepoStatus is the state of one repository, for people and for metrics.
type RepoStatus struct {
	Dir         string
	Consistent  bool      // the last load found it whole, or none was needed since the start
	Err         *Error    // of the last load; nil if Consistent
	Since       time.Time // when loads began to succeed, or to fail
	Generations int       // in service; 0 if it never was whole
	LoadedAt    time.Time // when the newest came into service
	Timestamp   int64     // the newest timestamp that it lists, seconds since 1970
	Files       int       // of the newest
	Bytes       int64     // of the newest
	Swaps       uint64    // generations that came into service since New
	Missing     time.Time // since when Retain misses it; zero if it does not
	Note        string    // what an operator should see though it serves; "" if nothing
}

// Status is the state of all repositories, by directory.
func (c *Cache) Status() []RepoStatus {
	var all []RepoStatus
	for _, r := range c.all() {
		all = append(all, r.status())
	}
	slices.SortFunc(all, func(a, b RepoStatus) int { return strings.Compare(a.Dir, b.Dir) })
	return all
}

func (r *repo) status() RepoStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := RepoStatus{Dir: r.dir, Err: r.err, Since: r.since, Swaps: r.swaps, Missing: r.missing, Note: r.note}
	if v := r.view.Load(); v != nil {
		g := v.generations[0]
		s.Consistent = r.err == nil && !g.damaged()
		s.Generations, s.LoadedAt, s.Timestamp = len(v.generations), g.LoadedAt, g.Timestamp
		s.Files, s.Bytes = len(g.files), g.bytes
	}
	return s
}

// Stats are figures over all repositories. The counters run since New.
type Stats struct {
	Repositories int    // in service
	Entries      int    // contents in service, in memory or not
	Resident     int    // of those, in memory
	Bytes        int64  // in memory
	Evictions    uint64 // contents that left memory for others
	Coalesced    uint64 // Loads that shared the work of another
	Swaps        uint64 // generations that came into service
	Failures     uint64 // Loads that found a repository not to be whole
	Damaged      uint64 // kept files that were gone or not what they had been
	BadRecords   int    // records that New could not use
}

// Stats are the figures now.
func (c *Cache) Stats() Stats {
	s := Stats{
		Repositories: len(c.table.Load().repos),
		Evictions:    c.evictions.Load(), Coalesced: c.coalesced.Load(), Swaps: c.swaps.Load(),
		Failures: c.failures.Load(), Damaged: c.damaged.Load(), BadRecords: c.badRecords,
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s.Entries = len(c.bodies)
	for _, b := range c.bodies {
		if b.bytes.Load() != nil {
			s.Resident++
			s.Bytes += b.size
		}
	}
	return s
}
