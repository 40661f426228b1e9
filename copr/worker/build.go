package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"mirrorctl/copr"
)

// defaultTimeout is for a task that sets none: a build that hangs must end.
const defaultTimeout = 6 * time.Hour

// build builds once or twice and leaves the packages in out. A package that does not build, or leaves what may not be, is a
// result; only a builder that could not work is an error.
func (j *job) build(ctx context.Context, srpm string) (copr.Result, error) {
	o, err := j.once(ctx, srpm, "first")
	r := copr.Result{Outcome: o}
	if err != nil || o.Exit != 0 {
		return r, err
	}
	first, why, err := packages(j.path("first", "results"))
	if err != nil {
		return r, err
	}
	if why != "" {
		return failed(r, why), nil
	}
	if j.task.Twice {
		fmt.Fprintf(j.log, "\n--- built; once more, to compare ---\n")
		o, err := j.once(ctx, srpm, "second")
		if err != nil {
			return r, err
		}
		if o.Exit != 0 {
			r.Outcome = o
			return failed(r, "it built once, and not a second time: "+o.Reason), nil
		}
		second, why, err := packages(j.path("second", "results"))
		if err != nil {
			return r, err
		}
		if why != "" {
			return failed(r, why), nil
		}
		r.Reproducible = compare(first, second)
		if err := os.RemoveAll(j.path("second")); err != nil {
			return r, err
		}
	}
	for _, f := range first {
		if err := os.Rename(j.path("first", "results", f.Name), j.path("out", f.Name)); err != nil {
			return r, err
		}
	}
	return r, nil
}

func failed(r copr.Result, why string) copr.Result {
	r.Exit, r.Reason = cmp.Or(r.Exit, 1), why
	return r
}

// once builds in a directory of its own, within the time limit.
func (j *job) once(ctx context.Context, srpm, name string) (copr.Outcome, error) {
	w := copr.Workspace{SRPM: srpm, Results: j.path(name, "results"), Scratch: j.path(name, "scratch"), Log: j.log}
	for _, dir := range []string{w.Results, w.Scratch} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return copr.Outcome{}, err
		}
	}
	limit := cmp.Or(j.task.Timeout, defaultTimeout)
	timed, cancel := context.WithTimeoutCause(ctx, limit, errTimeout)
	defer cancel()
	o, err := j.Builder.Build(timed, j.task, w)
	if ctx.Err() != nil {
		return o, errors.Join(context.Cause(ctx), err)
	}
	if timed.Err() != nil && (err != nil || o.Exit != 0) {
		fmt.Fprintf(j.log, "\n--- ended: it took longer than its limit of %s ---\n", limit)
		return copr.Outcome{Exit: 128 + 9, Reason: fmt.Sprintf("it took longer than its limit of %s", limit),
			Buildroot: o.Buildroot, Root: o.Root}, nil
	}
	if err != nil {
		return o, fmt.Errorf("builder %s: %w", j.Builder.Name(), err)
	}
	return o, os.RemoveAll(w.Scratch)
}

var errTimeout = errors.New("time limit")

// compare tells which packages of two builds are not the same bytes.
func compare(first, second []copr.File) *copr.Reproduced {
	r := &copr.Reproduced{}
	other := map[string]copr.File{}
	for _, f := range second {
		other[f.Name] = f
	}
	for _, f := range first {
		if other[f.Name] != f {
			r.Differs = append(r.Differs, f.Name)
		}
		delete(other, f.Name)
	}
	for _, f := range second {
		if _, alone := other[f.Name]; alone {
			r.Differs = append(r.Differs, f.Name)
		}
	}
	r.Same = len(r.Differs) == 0
	return r
}
