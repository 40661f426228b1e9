package site

import (
	"log/slog"
	"sync"
	"time"

	"mirrorctl/archive"
	"mirrorctl/internal/config"
	"mirrorctl/mirror"
)

// jobs reads what archivers have journaled, at most once in two seconds: scrapes and
// pages may come faster, and a journal is read whole.
type jobs struct {
	dir string
	log *slog.Logger

	mu   sync.Mutex // guards what follows
	at   time.Time
	last []archive.JobStatus
	err  string // of the last look
}

// newest is the newest job of each release, in the order of releases. A journal that cannot be read
// leaves the jobs as they were known, and a line in the log.
func (j *jobs) newest(c config.Archive) []archive.JobStatus {
	j.mu.Lock()
	defer j.mu.Unlock()
	if time.Since(j.at) < 2*time.Second {
		return j.last
	}
	j.at = time.Now()
	all, err := archive.ReadJobs(j.dir, time.Duration(c.Grace), time.Duration(c.Retention))
	if err != nil {
		if j.err != err.Error() {
			j.err = err.Error()
			j.log.Error("the jobs of the archive cannot be read; metrics and status show them as they were", "error", err)
		}
		return j.last
	}
	j.err = ""
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
