package archive

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mirrorctl/mirror"
)

// JobStatus is what a journal says of a job.
type JobStatus struct {
	ID      string         `json:"id"`
	Release mirror.Release `json:"release"`
	State   JobState       `json:"state"`
	Begun   time.Time      `json:"begun"`
	Totals  Totals         `json:"totals"`
	Stored  int            `json:"stored"` // files put or adopted so far
	// StoredBytes is the size of those, each inode once.
	StoredBytes int64     `json:"stored_bytes"`
	Manifest    Sum       `json:"manifest,omitzero"`
	Verified    time.Time `json:"verified,omitzero"` // of the newest proof
	// Published, Trashed and PurgeDue are zero where that has not happened.
	Published time.Time     `json:"published,omitzero"`
	DrainDue  time.Time     `json:"drain_due,omitzero"` // when the grace time ends
	Trashed   time.Time     `json:"trashed,omitzero"`
	PurgeDue  time.Time     `json:"purge_due,omitzero"`
	Left      []mirror.Path `json:"left,omitempty"`   // what the purge left in the trash
	Reason    string        `json:"reason,omitempty"` // why the last run stopped
}

// Jobs lists the jobs on a release, oldest first; all releases' for the zero Release. It
// takes no lock and changes nothing. Jobs whose journal cannot be read are in the error, the
// others are listed all the same.
func (a *Archiver) Jobs(release mirror.Release) ([]JobStatus, error) {
	jobs, err := a.jobs(release)
	out := make([]JobStatus, len(jobs))
	for i, j := range jobs {
		out[i] = a.status(j)
	}
	return out, err
}

// Status is the newest job on a release; ErrNoJob where there is none.
func (a *Archiver) Status(release mirror.Release) (JobStatus, error) {
	j, err := a.newest(release)
	if err != nil {
		return JobStatus{}, err
	}
	return a.status(j), nil
}

func (a *Archiver) status(j *job) JobStatus { return statusOf(j, a.site.Grace, a.site.Retention) }

func statusOf(j *job, grace, retention time.Duration) JobStatus {
	s := JobStatus{
		ID: j.id, Release: j.begin.Target.Release, State: j.state, Begun: j.begin.Time, Totals: j.begin.Totals, Stored: len(j.put),
		Manifest: j.manifest, Verified: j.proof.at, Published: j.published.Time, Trashed: j.trashed.Time, Left: j.left, Reason: j.reason,
	}
	if !s.Published.IsZero() {
		s.DrainDue = s.Published.Add(grace)
	}
	if !s.Trashed.IsZero() {
		s.PurgeDue = s.Trashed.Add(retention)
	}
	for _, p := range j.put {
		s.StoredBytes += p.Size
	}
	return s
}

// ReadJobs is Archiver.Jobs of all releases, for whoever only looks at the state directory dir. grace
// and retention are those of the site: they tell when a job may go on.
func ReadJobs(dir string, grace, retention time.Duration) ([]JobStatus, error) {
	all, err := jobsIn(filepath.Join(dir, "jobs"), mirror.Release{})
	if err != nil {
		return nil, err
	}
	out := make([]JobStatus, len(all))
	for i, j := range all {
		out[i] = statusOf(j, grace, retention)
	}
	return out, nil
}

// jobs replays the journals of a release, lowest epoch first.
func (a *Archiver) jobs(release mirror.Release) ([]*job, error) { return jobsIn(a.jobsDir(), release) }

func jobsIn(dir string, release mirror.Release) ([]*job, error) {
	names, err := jobNames(dir, release)
	if err != nil {
		return nil, err
	}
	var (
		jobs []*job
		bad  []error
	)
	for _, name := range names {
		records, err := readJournal(filepath.Join(dir, name))
		if neverBegan(records, err) {
			continue
		}
		var j *job
		if err == nil {
			j, err = replay(records)
		}
		if err != nil {
			bad = append(bad, fmt.Errorf("job %s: %w", name, err))
			continue
		}
		jobs = append(jobs, j)
	}
	slices.SortStableFunc(jobs, func(x, y *job) int {
		return cmp.Or(x.begin.Target.Release.Compare(y.begin.Target.Release), cmp.Compare(x.epoch, y.epoch), strings.Compare(x.id, y.id))
	})
	return jobs, errors.Join(bad...)
}

// jobNames lists the directories of a release's jobs, all releases' for the zero Release.
func jobNames(dir string, release mirror.Release) ([]string, error) {
	dirs, err := os.ReadDir(dir)
	if absent(err) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	var names []string
	for _, d := range dirs {
		if r := releaseOf(d.Name()); r != "" && (release.IsZero() || r == release.String()) {
			names = append(names, d.Name())
		}
	}
	return names, nil
}

// neverBegan tells from a journal as it was read whether its run died before the job's first record: the
// directory holds a plan at the most, and nothing outside of it was touched.
func neverBegan(records []record, err error) bool {
	return absent(err) || err == nil && len(records) == 0
}

// unborn clears away jobs that never began. The caller holds the release's lock.
func (a *Archiver) unborn(release mirror.Release) error {
	names, err := jobNames(a.jobsDir(), release)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !neverBegan(readJournal(a.jobDir(name))) {
			continue
		}
		if err := os.RemoveAll(a.jobDir(name)); err != nil {
			return fmt.Errorf("remove a job that never began: %w", err)
		}
	}
	return nil
}

// ManifestPath is where the manifest that a state document's record names lies in the state directory
// dir: fs.ErrNotExist where no job here made it.
func ManifestPath(dir string, rec *mirror.Record) (string, error) {
	var sum Sum
	if err := sum.UnmarshalText([]byte(rec.Manifest)); err != nil {
		return "", fmt.Errorf("manifest of job %q: %w", rec.Job, err)
	}
	own := filepath.Join(dir, "jobs", filepath.Base(rec.Job), manifestName(sum))
	_, err := os.Stat(own)
	if !errors.Is(err, os.ErrNotExist) {
		return own, err
	}
	// A later job's record may still name an earlier job's manifest.
	found, err := filepath.Glob(filepath.Join(dir, "jobs", "*", manifestName(sum)))
	if err != nil || len(found) == 0 {
		return "", errors.Join(&os.PathError{Op: "open", Path: own, Err: os.ErrNotExist}, err)
	}
	return found[0], nil
}
