package main

import (
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mirrorctl/copr"
)

func (a *app) coprShowCommand() *cobra.Command {
	var only string
	c := &cobra.Command{
		Use: "show BUILD [CHROOT]", Short: "Show what each check said of a build", Args: arguments(1, 2),
		Long: `show lists what was found of a build in each chroot: whether two builds of its source were the same
bytes, and every check of every gate with its reason. JSON and YAML hold the whole record.`,
		Example: "  mirrorctl copr show 42 epel-9-s390x\n  mirrorctl copr show 42 --verdict skip",
		RunE: func(c *cobra.Command, args []string) error {
			h, id, err := a.hubBuild(args[0])
			if err != nil {
				return err
			}
			var chroot copr.Chroot
			if len(args) == 2 {
				if chroot, err = copr.ParseChroot(args[1]); err != nil {
					return usageError{err}
				}
			}
			b, err := h.Build(c.Context(), id)
			if err != nil {
				return explainHub(err, "builds")
			}
			if !chroot.IsZero() {
				one := b.Chroot(chroot)
				if one == nil {
					return hinted{fmt.Errorf("build %d has no chroot %s: %w", id, chroot, fs.ErrNotExist), fmt.Sprintf("see `mirrorctl copr show %d`", id)}
				}
				b.Chroots = []copr.BuildChroot{*one}
			}
			return a.out.print(a.stdout, b, checks(b, copr.Verdict(only)))
		},
	}
	choose(c, c.Flags(), &only, "verdict", "", "checks of one `VERDICT` alone: any, pass, fail or skip", anyVerdict, string(copr.Pass), string(copr.Fail), string(copr.Skip))
	return c
}

// anyVerdict stands for all of them.
const anyVerdict = "any"

// checks is a build as a table, a check a line; only leaves out those of another verdict. A chroot that was not tried
// has one line with the reason.
func checks(b copr.Build, only copr.Verdict) *table {
	t := &table{columns: []string{"chroot", "gate", "check", "verdict", "time", "reason", "host"}}
	add := func(c copr.BuildChroot, gate, host string, k copr.Check) {
		if only != anyVerdict && k.Verdict != only {
			return
		}
		took := ""
		if k.Took > 0 {
			took = k.Took.Round(100 * time.Millisecond).String()
		}
		t.add(c.Chroot.String(), gate, k.Name, string(k.Verdict), took, strings.Map(tamed, k.Reason), strings.Map(tamed, host))
	}
	for _, c := range b.Chroots {
		if verdict := untried(c); verdict != "" {
			add(c, "", "", copr.Check{Verdict: verdict, Reason: c.Reason})
			continue
		}
		if c.Result == nil {
			continue
		}
		add(c, "build/"+c.Result.Kind, c.Result.Root, built(*c.Result))
		if r := c.Result.Reproducible; r != nil {
			add(c, "build/"+c.Result.Kind, c.Result.Root, reproduced(*c.Result))
		}
		for _, g := range c.Result.Gates {
			for _, k := range g.Checks {
				add(c, g.Gate+"/"+g.Runner, g.Host, k)
			}
		}
	}
	return t
}

// untried is what stands for the checks of a chroot that has none; "" where it has.
func untried(c copr.BuildChroot) copr.Verdict {
	switch {
	case c.State == copr.Skipped:
		return copr.Skip
	case c.Result == nil && c.State == copr.Failed:
		return copr.Fail
	}
	return ""
}

func built(r copr.Result) copr.Check {
	k := copr.Check{Name: "build", Verdict: copr.Pass, Reason: "the time is that of all builds and checks", Took: r.Took}
	if r.Exit != 0 {
		k.Verdict, k.Reason = copr.Fail, fmt.Sprintf("status %d: %s", r.Exit, r.Reason)
	}
	return k
}

// reproduced is the comparison of two builds as a check.
func reproduced(r copr.Result) copr.Check {
	packages := 0
	for _, f := range r.Files {
		if strings.HasSuffix(f.Name, ".rpm") {
			packages++
		}
	}
	k := copr.Check{Name: "reproducible", Verdict: copr.Pass, Reason: fmt.Sprintf("two builds made the same bytes of %s", count(int64(packages), "package"))}
	if !r.Reproducible.Same {
		k.Verdict, k.Reason = copr.Fail, "two builds differ in "+strings.Join(r.Reproducible.Differs, ", ")
	}
	return k
}
