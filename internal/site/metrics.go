package site

import (
	"strconv"
	"sync"

	"mirrorctl/archive"
	"mirrorctl/internal/metric"
	"mirrorctl/internal/web"
	"mirrorctl/mirror"
	"mirrorctl/redirect"
	"mirrorctl/repomd/hot"
)

// counters are what the site counts itself; requests are counted by web.
type counters struct {
	set       *metric.Set
	lists     *metric.Table[metric.Counter] // list, outcome
	mu        sync.Mutex                    // guards what follows
	redirects map[mirror.Release]redirectCounters
	torn      map[string]bool // repositories whose last look failed
}

type redirectCounters struct{ results *metric.Table[metric.Counter] }

func (c redirectCounters) count(r redirect.Result) { c.results.At(int(r)).Inc() }

var listNames = []string{"mirrorlist", "metalink"}

func newCounters(set *metric.Set) counters {
	return counters{
		set: set, lists: set.Counters(metric.Lists, nil, listNames, names(redirect.Outcomes())),
		redirects: map[mirror.Release]redirectCounters{}, torn: map[string]bool{},
	}
}

func names[T interface{ String() string }](values []T) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = v.String()
	}
	return all
}

// redirectsOf are the counters of a release; those made before go on.
func (c *counters) redirectsOf(r mirror.Release) redirectCounters {
	c.mu.Lock()
	defer c.mu.Unlock()
	rc, ok := c.redirects[r]
	if !ok {
		rc = redirectCounters{c.set.Counters(metric.Redirects, []string{r.String()}, names(redirect.Results()))}
		c.redirects[r] = rc
	}
	return rc
}

// list counts one answer. Repository names come from the catalog and are few; the
// operating system is one of a closed set.
func (c *counters) list(a redirect.Answer, agent string) {
	kind := 0
	if a.Kind == mirror.KindMetalink {
		kind = 1
	}
	c.lists.At(kind, int(a.Outcome)).Inc()
	if a.Countme > 0 && a.Repo.Name != "" {
		os := web.Systems()[web.ParseAgent(agent).OS]
		c.set.Counter(metric.Countme, a.Repo.Name, a.Repo.Arch, os, strconv.Itoa(a.Countme)).Inc()
	}
}

// broken notes whether a repository is whole and reports whether that is news.
func (c *counters) broken(name string, broken bool) (news bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	news = c.torn[name] != broken
	if broken {
		c.torn[name] = true
	} else {
		delete(c.torn, name)
	}
	return news
}

// collect has the figures read at each scrape that a snapshot holds.
func (s *Site) collect() {
	m := s.metrics
	m.Collect(metric.ReleaseInfo, func(yield func(float64, ...string)) {
		v := s.View()
		for _, r := range v.catalog.Releases() {
			eol := ""
			if e, ok := v.calendar.Lookup(r.Release); ok && !e.EOL.IsZero() {
				eol = e.EOL.Format("2006-01-02")
			}
			yield(1, r.Release.String(), string(r.State), eol)
		}
	})
	for _, f := range []struct {
		family metric.GaugeFamily
		of     func(size) int64
	}{
		{metric.ReleaseBytes, func(z size) int64 { return z.Bytes }},
		{metric.ReleaseFiles, func(z size) int64 { return z.Files }},
		{metric.ReleasePackages, func(z size) int64 { return z.Packages }},
	} {
		m.Collect(f.family, func(yield func(float64, ...string)) {
			for _, z := range s.View().sizes() {
				yield(float64(f.of(z)), z.release.String(), string(z.state), z.arch)
			}
		})
	}
	s.collectRepositories()
	s.collectJobs()
	stat := func(of func(hot.Stats) float64) metric.Collector {
		return func(yield func(float64, ...string)) { yield(s.sum(of)) }
	}
	m.Collect(metric.CacheBytes, stat(func(z hot.Stats) float64 { return float64(z.Bytes) }))
	m.Collect(metric.CacheEntries, stat(func(z hot.Stats) float64 { return float64(z.Resident) }))
	m.Collect(metric.CacheEvictions, stat(func(z hot.Stats) float64 { return float64(z.Evictions) }))
	m.Collect(metric.CacheCoalesced, stat(func(z hot.Stats) float64 { return float64(z.Coalesced) }))
	m.Collect(metric.StateGeneration, func(yield func(float64, ...string)) { yield(float64(s.View().catalog.Generation())) })
}

// sum adds a figure up over both caches.
func (s *Site) sum(of func(hot.Stats) float64) (total float64) {
	for _, t := range s.trees() {
		total += of(t.hot.Stats())
	}
	return total
}

// collectRepositories yields what is known of each repository that has a name.
func (s *Site) collectRepositories() {
	each := func(of func(hot.RepoStatus) float64) metric.Collector {
		return func(yield func(float64, ...string)) {
			for id, r := range s.repoStatus() {
				yield(of(r), id.Name, id.Arch)
			}
		}
	}
	s.metrics.Collect(metric.RepoLastChange, each(func(r hot.RepoStatus) float64 { return float64(r.Timestamp) }))
	s.metrics.Collect(metric.RepoConsistent, each(func(r hot.RepoStatus) float64 {
		if r.Consistent {
			return 1
		}
		return 0
	}))
	s.metrics.Collect(metric.RepoSwaps, each(func(r hot.RepoStatus) float64 { return float64(r.Swaps) }))
}

// repoStatus is the status of every repository that clients can ask for by name.
func (s *Site) repoStatus() map[mirror.RepoID]hot.RepoStatus {
	type place struct{ tree, dir string }
	known := map[place]hot.RepoStatus{}
	for _, t := range s.trees() {
		for _, r := range t.hot.Status() {
			known[place{t.name, r.Dir}] = r
		}
	}
	all := map[mirror.RepoID]hot.RepoStatus{}
	catalog := s.View().catalog
	for _, repo := range catalog.Repositories() {
		at := place{rootTree, repo.Dir.FS()}
		if catalog.Resolve(repo.Dir).State.FromArchive() {
			at.tree = archiveTree
		}
		if r, ok := known[at]; ok {
			all[repo.RepoID] = r
		}
	}
	return all
}

// size is what a release weighs, by architecture.
type size struct {
	release                mirror.Release
	state                  mirror.State
	arch                   string
	Files, Bytes, Packages int64
}

// sizes are those of the root by the index, and those of what only the archive holds by the document.
func (v *View) sizes() []size {
	totals := v.totals()
	var all []size
	for _, r := range v.catalog.Releases() {
		t, inRoot := totals[r.Release]
		switch {
		case inRoot && r.State != mirror.Pruned:
			for arch, n := range t.ByArch {
				all = append(all, size{r.Release, r.State, arch, n.Files, n.Bytes, n.Packages})
			}
		case r.Record != nil:
			all = append(all, size{r.Release, r.State, "", r.Record.Files, r.Record.Bytes, r.Record.Packages})
		}
	}
	return all
}

// phases are the values of a job's phase label.
var phases = []archive.JobState{
	archive.Planned, archive.Copying, archive.Copied, archive.Verified, archive.Published, archive.Drained,
	archive.Trashed, archive.Purged, archive.Aborting, archive.Aborted, archive.Restoring, archive.Restored,
}

// collectJobs yields what is known of the newest job of each release.
func (s *Site) collectJobs() {
	each := func(yieldJob func(j archive.JobStatus, yield func(float64, ...string))) metric.Collector {
		return func(yield func(float64, ...string)) {
			for _, j := range s.jobs.newest(s.Config().Archive) {
				yieldJob(j, yield)
			}
		}
	}
	s.metrics.Collect(metric.ArchiveJobState, each(func(j archive.JobStatus, yield func(float64, ...string)) {
		for _, p := range phases {
			on := 0.0
			if j.State == p {
				on = 1
			}
			yield(on, j.Release.String(), string(p))
		}
	}))
	s.metrics.Collect(metric.ArchiveJobDone, each(func(j archive.JobStatus, yield func(float64, ...string)) {
		yield(float64(j.StoredBytes), j.Release.String(), string(j.State))
	}))
	s.metrics.Collect(metric.ArchiveJobSize, each(func(j archive.JobStatus, yield func(float64, ...string)) {
		yield(float64(j.Totals.Bytes), j.Release.String(), string(j.State))
	}))
	s.metrics.Collect(metric.ArchiveSuccess, each(func(j archive.JobStatus, yield func(float64, ...string)) {
		if !j.Published.IsZero() {
			yield(float64(j.Published.Unix()), j.Release.String())
		}
	}))
}
