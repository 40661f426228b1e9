package fit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"mirrorctl/copr"
)

// Expect is what the packages are held against.
type Expect struct {
	Chroot  copr.Chroot
	Package string // of the source
	EVR     string // of the source package; the binary packages' may differ in the dist tag
	Profile copr.Profile
	// Names are the binary packages that the spec declares; nil takes any name. Their debuginfo and debugsource belong to them.
	Names []string
	// Target is what the chroot's distribution provides; nil leaves closure undecided, which is a skip.
	Target *Target
	// SetID lists files that may be setuid or setgid or have capabilities, by path.
	SetID []string
}

// Check judges the packages of one delivery, named by path: all of them, since they may require one another. The report's gate
// is fit, its runner hub; its checks are identity, files, elf, rpmlib, glibc and closure, each with what does not fit. The error
// is for what this machine could not do; a package that cannot be read fails identity.
func Check(ctx context.Context, e Expect, packages []string) (copr.Report, error) {
	report := copr.Report{Gate: "fit", Runner: "hub", Arch: e.Chroot.Arch, Host: "packages and metadata"}
	began := time.Now()
	add := func(name string, r result) {
		report.Checks = append(report.Checks, copr.Check{Name: name, Verdict: r.verdict(), Reason: r.reason(), Took: time.Since(began)})
		began = time.Now()
	}
	var all []*pkg
	var unread result
	for _, name := range packages {
		p, err := read(ctx, name)
		if ctx.Err() != nil {
			return report, ctx.Err()
		}
		if pe := (*os.PathError)(nil); errors.As(err, &pe) {
			return report, fmt.Errorf("read package: %w", err)
		}
		if err != nil {
			unread.failf("%v", err)
			continue
		}
		all = append(all, p)
	}
	add("identity", append(unread, identity(e, all)...))
	add("files", files(e, all))
	add("elf", elves(e, all))
	add("rpmlib", rpmlib(e, all))
	add("glibc", glibc(e, all))
	closed, err := closure(ctx, e, all)
	add("closure", closed)
	return report, err
}

// result is what a check found: nothing is a pass.
type result []finding

type finding struct {
	skip bool
	text string
}

func (r *result) failf(format string, args ...any) {
	*r = append(*r, finding{text: fmt.Sprintf(format, args...)})
}
func (r *result) skipf(format string, args ...any) {
	*r = append(*r, finding{skip: true, text: fmt.Sprintf(format, args...)})
}

func (r result) verdict() copr.Verdict {
	switch {
	case len(r) == 0:
		return copr.Pass
	case slices.ContainsFunc(r, func(f finding) bool { return !f.skip }):
		return copr.Fail
	}
	return copr.Skip
}

// reason is one line: the first findings, and how many more there are.
func (r result) reason() string {
	const most = 5
	var texts []string
	for _, f := range r[:min(len(r), most)] {
		texts = append(texts, strings.Join(strings.Fields(f.text), " "))
	}
	if len(r) > most {
		texts = append(texts, fmt.Sprintf("and %d more", len(r)-most))
	}
	return strings.Join(texts, "; ")
}
