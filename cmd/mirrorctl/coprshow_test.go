package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"mirrorctl/copr"
)

// A chroot that was never tried has a line like one that was: who looks for skips finds both, with their reasons.
func TestChecksOfABuild(t *testing.T) {
	chroot := func(s string) copr.Chroot {
		c, err := copr.ParseChroot(s)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	file := copr.File{Name: "a-1-1.s390x.rpm"}
	b := copr.Build{ID: 1, Chroots: []copr.BuildChroot{
		{Chroot: chroot("epel-9-x86_64"), State: copr.Failed, Result: &copr.Result{
			Kind: "rpmbuild", Outcome: copr.Outcome{Exit: 137, Reason: "killed", Root: "a tree"}}},
		{Chroot: chroot("epel-9-aarch64"), State: copr.Running},
		{Chroot: chroot("epel-9-ppc64le"), State: copr.Failed, Reason: "no source package"},
		{Chroot: chroot("epel-9-s390x"), State: copr.Succeeded, Result: &copr.Result{
			Kind: "rpmbuild", Files: []copr.File{file, {Name: "build.log"}}, Reproducible: &copr.Reproduced{Same: true},
			Gates: []copr.Report{{Gate: "criu", Runner: "vm", Host: "a kernel", Checks: []copr.Check{
				{Name: "dump-restore", Verdict: copr.Pass, Took: 1234 * time.Millisecond},
				{Name: "lazy-pages", Verdict: copr.Skip, Reason: "hangs\x1b[2J"},
			}}}}},
		{Chroot: chroot("epel-8-x86_64"), State: copr.Skipped, Reason: "glibc is too old"},
		{Chroot: chroot("epel-8-s390x"), State: copr.Failed, Result: &copr.Result{
			Kind: "mock", Reproducible: &copr.Reproduced{Differs: []string{"a.rpm", "b.rpm"}}}},
	}}
	tests := []struct {
		name, verdict string
		want          []string
	}{
		{"skips, and what was not built", "skip", []string{
			"epel-9-s390x|criu/vm|lazy-pages|skip||hangs?[2J|a kernel",
			"epel-8-x86_64|||skip||glibc is too old|",
		}},
		{"passes", "pass", []string{
			"epel-9-s390x|build/rpmbuild|build|pass||the time is that of all builds and checks|",
			"epel-9-s390x|build/rpmbuild|reproducible|pass||two builds made the same bytes of 1 package|",
			"epel-9-s390x|criu/vm|dump-restore|pass|1.2s||a kernel",
			"epel-8-s390x|build/mock|build|pass||the time is that of all builds and checks|",
		}},
		{"failures", "fail", []string{
			"epel-9-x86_64|build/rpmbuild|build|fail||status 137: killed|a tree",
			"epel-9-ppc64le|||fail||no source package|",
			"epel-8-s390x|build/mock|reproducible|fail||two builds differ in a.rpm, b.rpm|",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			o := output{noHeaders: true}
			if err := o.print(&out, nil, checks(b, copr.Verdict(tt.verdict))); err != nil {
				t.Fatal(err)
			}
			want := strings.Join(tt.want, "\n") + "\n"
			if got := strings.ReplaceAll(out.String(), "\t", "|"); got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
	if got := len(checks(b, anyVerdict).rows); got != 9 {
		t.Errorf("%d lines in all, want 9", got)
	}
}
