package main

import (
	"fmt"
	"io"

	"mirrorctl/archive"
)

// printPlan shows what a job will do.
func (a *app) printPlan(w io.Writer, d *desk, p *archive.Plan) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "  %-13s "+format+"\n", append([]any{name}, args...)...)
	}
	t := p.Totals
	fmt.Fprintf(w, "%s: %s, %s, %s\n", p.Target.Release, count(int64(t.Repositories), "repository"), count(t.Files, "file"), a.out.size(t.Bytes))
	for _, tree := range p.Target.Trees {
		line("tree", "%s", tree)
	}
	line("to", "%s", d.cfg.Archive.Store)
	line("clients go to", "%s", d.address)
	line("packages", "%d", t.Packages)
	line("freed", "%s in the root and on every mirror that follows it", a.out.size(t.FreedBytes))
	if t.Symlinks > 0 {
		line("symlinks", "%d", t.Symlinks)
	}
	if t.NoAuthority > 0 {
		line("no authority", "%s that no metadata speaks for, hashed twice:", count(t.NoAuthority, "file"))
	}
	for i, path := range p.NoAuthority {
		if i == 5 {
			line("", "and %d more", len(p.NoAuthority)-i)
			break
		}
		line("", "%s", path)
	}
	for _, path := range p.LeftOut {
		line("left out", "%s", path)
	}
	for _, problem := range p.Problems {
		name := "problem"
		if problem.Accepted {
			name = "accepted"
		}
		line(name, "%s", problem)
	}
	for _, warning := range p.Warnings {
		line("warning", "%s", warning)
	}
}
