package site

import (
	"sync"
	"time"

	"mirrorctl/archive"
	"mirrorctl/mirror"
)

// jobs reads what archivers have journaled, at most once in two seconds: scrapes and
// pages may come faster, and a journal is read whole.
type jobs struct {
	dir              string
	grace, retention time.Duration

	mu   sync.Mutex // guards what follows
	at   time.Time
	last []archive.JobStatus
}

// newest is the newest job of each release, in the order of releases. A journal that cannot be read
// leaves the jobs as they were known.
func (j *jobs) newest() []archive.JobStatus {
	j.mu.Lock()
	defer j.mu.Unlock()
	if time.Since(j.at) < 2*time.Second {
		return j.last
	}
	j.at = time.Now()
	all, err := archive.ReadJobs(j.dir, j.grace, j.retention)
	if err != nil {
		return j.last
	}
	newest := map[mirror.Release]int{}
	var last []archive.JobStatus
	for _, s := range all { // oldest first
		if i, ok := newest[s.Release]; ok {
			last[i] = s
			continue
		}
		newest[s.Release] = len(last)
		last = append(last, s)
	}
	j.last = last
	return last
}
