package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"mirrorctl/copr"
)

// matrix is a build as a table, a chroot a line.
func matrix(b copr.Build) *table {
	t := &table{columns: []string{"chroot", "state", "step", "attempt", "builder", "time", "gates", "reason"}}
	for _, c := range b.Chroots {
		attempt := ""
		if c.Attempt > 0 {
			attempt = fmt.Sprint(c.Attempt)
		}
		t.add(c.Chroot.String(), string(c.State), string(c.Step), attempt, c.Builder, spent(c, time.Now()), gates(c), strings.Map(tamed, c.Reason))
	}
	return t
}

// gates counts what the gates of a chroot said: "criu/kernel 9 pass 1 skip".
func gates(c copr.BuildChroot) string {
	if c.Result == nil {
		return ""
	}
	var all []string
	for _, r := range c.Result.Gates {
		count := map[copr.Verdict]int{}
		for _, check := range r.Checks {
			count[check.Verdict]++
		}
		said := r.Gate + "/" + r.Runner
		for _, v := range []copr.Verdict{copr.Pass, copr.Fail, copr.Skip} {
			if count[v] > 0 {
				said += fmt.Sprintf(" %d %s", count[v], v)
			}
		}
		all = append(all, said)
	}
	if r := c.Result.Reproducible; r != nil && r.Same {
		all = append(all, "reproducible")
	} else if r != nil {
		all = append(all, "not reproducible")
	}
	return strings.Join(all, ", ")
}

// watcher shows the changes of a build: a matrix that is drawn anew on a terminal, else a line for each change.
type watcher struct {
	*app
	lines int // drawn
	seen  map[copr.Chroot]string
}

func (w *watcher) show(b copr.Build) {
	if w.terminal && w.getenv("TERM") != "dumb" {
		w.erase()
		var text strings.Builder
		o := output{format: "table"}
		if err := o.print(&text, nil, matrix(b)); err == nil {
			io.WriteString(w.stderr, text.String())
			w.lines = strings.Count(text.String(), "\n")
		}
		return
	}
	if w.seen == nil {
		w.seen = map[copr.Chroot]string{}
	}
	for _, c := range b.Chroots {
		now := string(c.State)
		if c.Step != "" {
			now += ": " + string(c.Step)
		}
		if c.Reason != "" {
			now += ": " + strings.Map(tamed, c.Reason)
		}
		if w.seen[c.Chroot] != now {
			w.seen[c.Chroot] = now
			w.say("%d %s %s", b.ID, c.Chroot, now)
		}
	}
}

// erase takes back what was drawn.
func (w *watcher) erase() {
	if w.lines > 0 {
		fmt.Fprintf(w.stderr, "\x1b[%dA\x1b[J", w.lines)
	}
	w.lines = 0
}

// end makes room for the result.
func (w *watcher) end() { w.erase() }
