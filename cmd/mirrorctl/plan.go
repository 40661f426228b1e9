package main

import (
	"fmt"

	"mirrorctl/archive"
)

// printPlan shows what a job will do: on standard output when it is what was asked for, else beside
// the question.
func (a *app) printPlan(p *archive.Plan, asked bool) error {
	if asked && a.out.format != "table" {
		return a.out.print(a.stdout, p, nil)
	}
	w := a.stderr
	if asked {
		w = a.stdout
	}
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "  %-13s "+format+"\n", append([]any{name}, args...)...)
	}
	t := p.Totals
	fmt.Fprintf(w, "%s: %d repositories, %d files, %s\n", p.Target.Release, t.Repositories, t.Files, a.out.size(t.Bytes))
	for _, tree := range p.Target.Trees {
		line("tree", "%s", tree)
	}
	line("packages", "%d", t.Packages)
	line("freed", "%s in the root and on every mirror that follows it", a.out.size(t.FreedBytes))
	if t.Symlinks > 0 {
		line("symlinks", "%d", t.Symlinks)
	}
	line("no authority", "%d files that no metadata speaks for; they are hashed twice", t.NoAuthority)
	for _, path := range p.NoAuthority[:min(5, len(p.NoAuthority))] {
		line("", "%s", path)
	}
	for _, path := range p.LeftOut {
		line("left out", "%s", path)
	}
	for _, problem := range p.Problems {
		line("problem", "%s", problem)
	}
	for _, warning := range p.Warnings {
		line("warning", "%s", warning)
	}
	return nil
}
