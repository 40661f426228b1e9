package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mirrorctl/internal/config"
	"mirrorctl/internal/site"
	"mirrorctl/mirror"
)

func (a *app) releasesCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list", Short: "List the releases of the root and of the archive", Args: arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return a.listReleases(c, nil) },
	}
	show := &cobra.Command{
		Use: "show RELEASE", Short: "Show one release with its trees and repositories", Args: arguments(1, 1),
		ValidArgsFunction: a.completeReleases,
		RunE:              func(c *cobra.Command, names []string) error { return a.showRelease(c, names[0]) },
	}
	var within config.Duration
	due := &cobra.Command{
		Use: "due", Short: "List active releases whose end of life has come, or comes within a time", Args: arguments(0, 0),
		Example: `  mirrorctl releases due --within 30d`,
		RunE: func(c *cobra.Command, _ []string) error {
			at := time.Now().Add(time.Duration(within))
			return a.listReleases(c, func(v *site.View, s site.Summary) bool {
				return !s.State.FromArchive() && v.EOL(s.Release, at)
			})
		},
	}
	due.Flags().VarP(durationFlag{&within}, "within", "", "look `TIME` ahead, such as 30d")
	return group(&cobra.Command{
		Use: "releases", Short: "Show the release table and the calendar of end-of-life dates",
		RunE: list.RunE,
	}, list, show, due, a.setReleaseCommand())
}

// view is the site as it is now.
func (a *app) view(c *cobra.Command) (*site.View, error) {
	cfg, err := a.config()
	if err != nil {
		return nil, err
	}
	v, err := site.Look(c.Context(), cfg)
	if err != nil {
		return nil, explainMissing(cfg, err)
	}
	return v, nil
}

func (a *app) listReleases(c *cobra.Command, keep func(*site.View, site.Summary) bool) error {
	v, err := a.view(c)
	if err != nil {
		return err
	}
	t := &table{columns: []string{"release", "state", "eol", "repositories", "files", "packages", "size"}}
	all := []site.Summary{}
	for _, s := range v.Summaries(time.Now()) {
		if keep != nil && !keep(v, s) {
			continue
		}
		all = append(all, s)
		eol := s.EOL
		if s.Ended {
			eol += " (ended)"
		}
		t.add(s.Release.String(), string(s.State), eol, strconv.Itoa(s.Repositories), strconv.FormatInt(s.Files, 10), strconv.FormatInt(s.Packages, 10), a.out.size(s.Bytes))
	}
	return a.out.print(a.stdout, all, t)
}

func (a *app) showRelease(c *cobra.Command, name string) error {
	r, err := mirror.ParseRelease(name)
	if err != nil {
		return usageError{err}
	}
	v, err := a.view(c)
	if err != nil {
		return err
	}
	s, err := v.Release(r)
	if err != nil {
		return err
	}
	shown := struct {
		Release      mirror.Release      `json:"release"`
		State        mirror.State        `json:"state"`
		EOL          string              `json:"eol,omitempty"`
		Source       string              `json:"eol_source,omitempty"`
		Trees        []mirror.Path       `json:"trees"`
		Repositories []mirror.Repository `json:"repositories"`
	}{Release: r, State: s.State, Trees: s.Trees, Repositories: s.Repositories}
	if e, ok := v.Calendar().Lookup(r); ok {
		if shown.EOL, shown.Source = "never", e.Source; !e.EOL.IsZero() {
			shown.EOL = e.EOL.Format(time.DateOnly)
		}
	}
	if a.out.format == "table" && !a.out.noHeaders && len(a.out.columns) == 0 {
		trees := make([]string, len(s.Trees))
		for i, p := range s.Trees {
			trees[i] = string(p)
		}
		eol := "not known; set it with `mirrorctl releases set`"
		if shown.EOL != "" {
			eol = fmt.Sprintf("%s (%s)", shown.EOL, shown.Source)
		}
		fmt.Fprintf(a.stdout, "release  %s\nstate    %s\neol      %s\ntrees    %s\n\n", r, s.State, eol, strings.Join(trees, "\n         "))
	}
	t := &table{columns: []string{"repo", "arch", "dir"}}
	for _, repo := range s.Repositories {
		t.add(repo.Name, repo.Arch, string(repo.Dir))
	}
	return a.out.print(a.stdout, shown, t)
}

// completeReleases completes the names of releases in a shell.
func (a *app) completeReleases(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	v, err := a.view(c)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var all []string
	for _, s := range v.Summaries(time.Now()) {
		all = append(all, s.Release.String()+"\t"+string(s.State))
	}
	return all, cobra.ShellCompDirectiveNoFileComp
}
