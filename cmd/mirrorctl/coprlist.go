package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mirrorctl/copr"
)

func (a *app) coprProjectCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list", Short: "List the declared projects", Args: arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			all, err := a.declaredProjects(c)
			if err != nil {
				return err
			}
			t := &table{columns: []string{"project", "packages", "chroots", "description"}}
			for _, p := range all {
				t.add(p.Name.String(), strconv.Itoa(len(p.Packages)), strconv.Itoa(len(p.Chroots)), p.Description)
			}
			return a.out.print(a.stdout, all, t)
		},
	}
	return group(&cobra.Command{Use: "project", Short: "Show projects", RunE: list.RunE}, list)
}

func (a *app) coprPackageCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list [PROJECT]", Short: "List the packages of projects", Args: arguments(0, 1),
		RunE: func(c *cobra.Command, names []string) error {
			all, err := a.declaredProjects(c, names...)
			if err != nil {
				return err
			}
			type row struct {
				Project copr.ProjectName `json:"project"`
				copr.Package
			}
			rows := []row{}
			t := &table{columns: []string{"package", "project", "version", "gate", "channel"}}
			for _, p := range all {
				for _, k := range p.Packages {
					rows = append(rows, row{p.Name, k})
					t.add(k.Name, p.Name.String(), k.Version, k.Gate, string(k.Channel))
				}
			}
			return a.out.print(a.stdout, rows, t)
		},
	}
	return group(&cobra.Command{Use: "package", Short: "Show packages", RunE: list.RunE}, list)
}

func (a *app) coprChrootCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list [PROJECT]", Short: "List the chroots that projects build for", Args: arguments(0, 1),
		RunE: func(c *cobra.Command, names []string) error {
			all, err := a.declaredProjects(c, names...)
			if err != nil {
				return err
			}
			type row struct {
				Chroot  copr.Chroot      `json:"chroot"`
				Project copr.ProjectName `json:"project"`
			}
			rows := []row{}
			t := &table{columns: []string{"chroot", "project"}}
			for _, p := range all {
				for _, ch := range p.Chroots {
					rows = append(rows, row{ch, p.Name})
					t.add(ch.String(), p.Name.String())
				}
			}
			return a.out.print(a.stdout, rows, t)
		},
	}
	return group(&cobra.Command{Use: "chroot", Short: "Show chroots", RunE: list.RunE}, list)
}

// declaredProjects asks the hub for the projects of these names; none for all of them.
func (a *app) declaredProjects(c *cobra.Command, names ...string) ([]copr.Project, error) {
	h, err := a.hub()
	if err != nil {
		return nil, err
	}
	all, err := h.Projects(c.Context())
	if err != nil {
		return nil, explainHub(err, "project list")
	}
	if len(names) == 0 {
		return all, nil
	}
	for _, p := range all {
		if p.Name.String() == names[0] {
			return []copr.Project{p}, nil
		}
	}
	return nil, unknown("project list", "unknown project %q", names[0])
}

func (a *app) coprBuildsCommand() *cobra.Command {
	var q copr.Query
	var project string
	c := &cobra.Command{
		Use: "builds [PACKAGE]", Short: "List builds, newest first", Args: arguments(0, 1),
		RunE: func(c *cobra.Command, names []string) error {
			h, err := a.hub()
			if err != nil {
				return err
			}
			if len(names) == 1 {
				q.Package = names[0]
			}
			if project != "" {
				if q.Project, err = copr.ParseProjectName(project); err != nil {
					return usageError{err}
				}
			}
			all, err := h.Builds(c.Context(), q)
			if err != nil {
				return explainHub(err, "project list")
			}
			t := &table{columns: []string{"build", "package", "version", "state", "chroots", "channel", "submitted", "by"}}
			for _, b := range all {
				t.add(strconv.FormatUint(b.ID, 10), b.Project.String()+"/"+b.Package, b.Version, string(b.State), tally(b), string(b.Channel), when(b.Submitted), b.Submitter)
			}
			return a.out.print(a.stdout, all, t)
		},
	}
	f := c.Flags()
	f.StringVar(&project, "project", "", "builds of one `PROJECT` alone")
	f.StringVar((*string)(&q.State), "state", "", "builds in one `STATE` alone")
	f.IntVar(&q.Limit, "limit", 25, "at most `N`")
	f.Uint64Var(&q.Before, "before", 0, "those before build `ID`")
	return c
}

// tally counts the chroots of a build by their states: "7 succeeded, 1 failed".
func tally(b copr.Build) string {
	count := map[copr.State]int{}
	for _, c := range b.Chroots {
		count[c.State]++
	}
	var parts []string
	for _, s := range copr.States {
		if count[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[s], s))
		}
	}
	return strings.Join(parts, ", ")
}

func (a *app) coprLogsCommand() *cobra.Command {
	var follow bool
	c := &cobra.Command{
		Use: "logs BUILD CHROOT", Short: "Print what a builder wrote", Args: arguments(2, 2),
		Example: "  mirrorctl copr logs -f 42 epel-9-x86_64",
		RunE: func(c *cobra.Command, args []string) error {
			h, id, err := a.hubBuild(args[0])
			if err != nil {
				return err
			}
			chroot, err := copr.ParseChroot(args[1])
			if err != nil {
				return usageError{err}
			}
			log, err := h.Log(c.Context(), id, chroot, follow)
			if err != nil {
				return explainHub(err, "builds")
			}
			var out io.Writer = a.stdout
			if a.screen {
				out = tame{a.stdout}
			}
			_, err = io.Copy(out, log)
			return errors.Join(err, log.Close())
		},
	}
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on until the chroot has ended")
	return c
}

// spent is how long a chroot took, or has taken so far.
func spent(c copr.BuildChroot, now time.Time) string {
	switch {
	case c.Started == nil:
		return ""
	case c.Ended != nil:
		now = *c.Ended
	}
	return now.Sub(*c.Started).Round(time.Second).String()
}

// tame keeps what a build wrote from moving the cursor, renaming the window or worse: control characters reach a terminal as "?".
type tame struct{ w io.Writer }

func (t tame) Write(p []byte) (int, error) {
	if _, err := t.w.Write(bytes.Map(tamed, p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

func tamed(r rune) rune {
	if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
		return '?'
	}
	return r
}
