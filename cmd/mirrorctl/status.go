package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"mirrorctl/archive"
	"mirrorctl/internal/site"
	"mirrorctl/mirror"
)

// releaseStatus is one release, and how far its newest job is.
type releaseStatus struct {
	site.Summary
	Job *archive.JobStatus `json:"job,omitempty"`
}

func (a *app) statusCommand() *cobra.Command {
	var watch bool
	c := &cobra.Command{
		Use: "status [RELEASE]", Short: "Show releases, jobs and health", Args: args(cobra.MaximumNArgs(1)),
		ValidArgsFunction: a.completeReleases,
		RunE: func(c *cobra.Command, names []string) error {
			for {
				err := a.status(c.Context(), names)
				if !watch || err != nil && !errors.Is(err, errDiffers) {
					return err
				}
				select {
				case <-c.Context().Done():
					return c.Context().Err()
				case <-time.After(2 * time.Second):
				}
				if a.terminal {
					fmt.Fprint(a.stdout, "\x1b[H\x1b[2J")
				}
			}
		},
	}
	c.Flags().BoolVar(&watch, "watch", false, "again every two seconds")
	return c
}

func (a *app) status(ctx context.Context, names []string) error {
	releases, err := parseReleases(names)
	if err != nil {
		return err
	}
	cfg, err := a.config()
	if err != nil {
		return err
	}
	view, err := site.Look(ctx, cfg)
	if err != nil {
		return explainMissing(cfg, err)
	}
	jobs, err := newestJobs(cfg.State, time.Duration(cfg.Archive.Grace), time.Duration(cfg.Archive.Retention))
	if err != nil {
		return err
	}
	var all []releaseStatus
	for _, s := range view.Summaries(time.Now()) {
		if len(releases) == 1 && s.Release != releases[0] {
			continue
		}
		all = append(all, releaseStatus{Summary: s, Job: jobs[s.Release]})
	}
	if len(releases) == 1 && len(all) == 0 {
		return fmt.Errorf("release %s: %w", releases[0], site.ErrUnknownRelease)
	}
	torn, err := site.ReadTorn(cfg.State)
	if err != nil {
		return err
	}
	var value any = all
	if len(releases) == 1 {
		value = all[0]
	}
	if err := a.out.print(a.stdout, value, a.statusTable(all)); err != nil {
		return err
	}
	for _, t := range torn {
		a.say("%s in the %s is not whole since %s: %s", t.Dir, t.Tree, t.Since.Format(time.RFC3339), t.Reason)
	}
	if len(torn) > 0 {
		return errDiffers
	}
	return nil
}

func (a *app) statusTable(all []releaseStatus) *table {
	t := &table{columns: []string{"release", "state", "since", "eol", "repositories", "files", "size", "job"}}
	for _, s := range all {
		since, job := "", ""
		if !s.Since.IsZero() {
			since = s.Since.Format("2006-01-02 15:04")
		}
		if s.Job != nil {
			job = string(s.Job.State)
			if s.Job.State == archive.Copying {
				job += fmt.Sprintf(" %d of %d", s.Job.Stored, s.Job.Totals.Files)
			}
			if s.Job.Reason != "" {
				job += " (" + s.Job.Reason + ")"
			}
		}
		t.add(s.Release.String(), string(s.State), since, s.EOL, strconv.Itoa(s.Repositories), strconv.FormatInt(s.Files, 10), a.out.size(s.Bytes), job)
	}
	return t
}

// newestJobs reads the journals: the newest job of each release.
func newestJobs(state string, grace, retention time.Duration) (map[mirror.Release]*archive.JobStatus, error) {
	jobs, err := archive.ReadJobs(state, grace, retention)
	if err != nil {
		return nil, err
	}
	newest := map[mirror.Release]*archive.JobStatus{}
	for i := range jobs {
		newest[jobs[i].Release] = &jobs[i]
	}
	return newest, nil
}
