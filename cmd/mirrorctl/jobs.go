package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"mirrorctl/archive"
	"mirrorctl/internal/config"
	"mirrorctl/mirror"
)

// newestJobs reads the journals: the newest job of each release.
func newestJobs(state string, grace, retention time.Duration) (map[mirror.Release]*archive.JobStatus, error) {
	jobs, err := archive.ReadJobs(state, grace, retention)
	if err != nil {
		return nil, err
	}
	newest := map[mirror.Release]*archive.JobStatus{}
	for i := range jobs { // oldest first
		newest[jobs[i].Release] = &jobs[i]
	}
	return newest, nil
}

// jobNote says in a few words how far a job is and what it waits for.
func jobNote(j *archive.JobStatus, now time.Time) string {
	if j == nil || j.State.Ended() {
		return ""
	}
	note := string(j.State)
	switch j.State {
	case archive.Copying:
		note = fmt.Sprintf("copying, %d of %s", j.Stored, count(j.Totals.Files, "file"))
	case archive.Published:
		note = due("prune", j.DrainDue, now)
	case archive.Drained:
		note = "prune unfinished"
	case archive.Trashed:
		note = due("purge", j.PurgeDue, now)
	case archive.Purged:
		note = ""
		if n := len(j.Left); n > 0 {
			note = fmt.Sprintf("%s left in the trash", count(int64(n), "file"))
		}
	}
	if j.Reason != "" {
		note += ", stopped"
	}
	return note
}

func due(step string, at, now time.Time) string {
	if now.Before(at) {
		return step + " from " + when(at)
	}
	return step + " due"
}

// onward is the command that takes a job on from a state.
func onward(s archive.JobState) string {
	switch s {
	case archive.Aborting:
		return "archive --abort"
	case archive.Restoring:
		return "restore"
	case archive.Published, archive.Drained, archive.Trashed, archive.Purged:
		return "archive --prune"
	}
	return "archive --resume"
}

// followTime is how long a server may take to follow a change before that is worth a word.
const followTime = 5 * time.Second

// sayServers tells whether a service runs, and whether it follows the state document. It makes nothing in a state
// directory that was never used.
func (a *app) sayServers(ctx context.Context, cfg *config.Config) error {
	if _, err := os.Stat(filepath.Join(cfg.State, "followers")); errors.Is(err, fs.ErrNotExist) {
		a.say("no service has run here yet")
		return nil
	} else if err != nil {
		return err
	}
	state, err := mirror.OpenFileState(cfg.State)
	if err != nil {
		return err
	}
	defer state.Close()
	doc, err := state.Load(ctx)
	if err != nil {
		return err
	}
	servers, err := state.Followers(ctx)
	if err != nil {
		return err
	}
	if len(servers) == 0 {
		a.say("no service is running")
	}
	st, err := os.Stat(filepath.Join(cfg.State, "state.json"))
	if errors.Is(err, fs.ErrNotExist) || err == nil && time.Since(st.ModTime()) < followTime {
		return nil // never changed, or just now
	} else if err != nil {
		return err
	}
	for _, s := range servers {
		if s.Generation < doc.Generation {
			a.say("server %s does not follow yet: it answers by generation %d of the state document, not %d", s.ID, s.Generation, doc.Generation)
		}
	}
	return nil
}
