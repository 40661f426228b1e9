package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"mirrorctl/archive"
	"mirrorctl/internal/config"
	"mirrorctl/internal/site"
	"mirrorctl/mirror"
)

// releaseStatus is one release, how far its newest job is, and which of its repositories are not whole.
type releaseStatus struct {
	site.Summary
	Job  *archive.JobStatus `json:"job,omitempty"`
	Torn []site.Torn        `json:"torn,omitempty"`
}

func (a *app) statusCommand() *cobra.Command {
	var watch bool
	c := &cobra.Command{
		Use: "status [RELEASE]", Short: "Show releases, jobs and health", Args: arguments(0, 1),
		Long: `status shows every release with its state, its size and what its newest job waits for, then what is
not well: servers that do not follow, jobs that are stuck and why, repositories that are not whole.
Exit code 3 says that a repository is not whole, or a job stuck.`,
		Example: `  mirrorctl status
  mirrorctl status fedora-25 -o json
  mirrorctl status -H -p --columns release,state,size`,
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
				if a.screen {
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
	all, strays, err := statuses(ctx, cfg)
	if err != nil {
		return err
	}
	var value any = all
	if len(releases) == 1 {
		i := slices.IndexFunc(all, func(s releaseStatus) bool { return s.Release == releases[0] })
		if i < 0 {
			return fmt.Errorf("release %s: %w", releases[0], site.ErrUnknownRelease)
		}
		value, all, strays = all[i], all[i:i+1], nil
	}
	if err := a.out.print(a.stdout, value, a.statusTable(all)); err != nil {
		return err
	}
	if err := a.sayServers(ctx, cfg); err != nil {
		return err
	}
	return a.sayTrouble(all, strays)
}

// statuses are all releases, and the torn repositories that belong to none.
func statuses(ctx context.Context, cfg *config.Config) ([]releaseStatus, []site.Torn, error) {
	view, err := site.Look(ctx, cfg)
	if err != nil {
		return nil, nil, explainMissing(cfg, err)
	}
	jobs, err := newestJobs(cfg.State, time.Duration(cfg.Archive.Grace), time.Duration(cfg.Archive.Retention))
	if err != nil {
		return nil, nil, err
	}
	torn, err := site.ReadTorn(cfg.State)
	if err != nil {
		return nil, nil, err
	}
	all := []releaseStatus{}
	for _, s := range view.Summaries(time.Now()) {
		all = append(all, releaseStatus{Summary: s, Job: jobs[s.Release]})
	}
	var strays []site.Torn
	for _, t := range torn {
		i := slices.IndexFunc(all, func(s releaseStatus) bool {
			return slices.ContainsFunc(s.Trees, func(tree mirror.Path) bool { return mirror.Path(t.Dir).Under(tree) })
		})
		if i < 0 {
			strays = append(strays, t)
			continue
		}
		all[i].Torn = append(all[i].Torn, t)
	}
	return all, strays, nil
}

func (a *app) statusTable(all []releaseStatus) *table {
	t := &table{columns: []string{"release", "state", "since", "eol", "repositories", "files", "size", "job"}}
	for _, s := range all {
		since := ""
		if !s.Since.IsZero() {
			since = when(s.Since)
		}
		t.add(s.Release.String(), string(s.State), since, s.EOL, strconv.Itoa(s.Repositories), strconv.FormatInt(s.Files, 10), a.out.size(s.Bytes), jobNote(s.Job, time.Now()))
	}
	return t
}

// sayTrouble tells what is not well, and whether anything is.
func (a *app) sayTrouble(all []releaseStatus, strays []site.Torn) error {
	var torn []site.Torn
	stuck := false
	for _, s := range all {
		torn = append(torn, s.Torn...)
		if s.Job != nil && s.Job.Reason != "" && !s.Job.State.Ended() {
			stuck = true
			a.say("%s: job %s stopped: %s; then `%s %s %s`", s.Release, s.Job.ID, s.Job.Reason, a.program(), onward(s.Job.State), s.Release)
		}
	}
	for _, t := range append(torn, strays...) {
		a.say("%s in the %s is not whole since %s, and served as it was before: %s", t.Dir, t.Tree, when(t.Since), t.Reason)
	}
	if stuck || len(torn)+len(strays) > 0 {
		return errDiffers
	}
	return nil
}
