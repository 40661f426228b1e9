package copr_test

import (
	"slices"
	"strings"
	"testing"

	"mirrorctl/copr"
)

func TestChroots(t *testing.T) {
	for _, s := range []string{"epel-9-x86_64", "fedora-rawhide-s390x", "centos-stream-10-ppc64le"} {
		c, err := copr.ParseChroot(s)
		if err != nil || c.String() != s {
			t.Errorf("%s: %v, %v", s, c, err)
		}
	}
	for _, s := range []string{"", "epel-9", "epel--x86_64", "epel-9-i386", "-9-x86_64", "../9-x86_64", "epel-9/..-x86_64", "epel-.-x86_64"} {
		if c, err := copr.ParseChroot(s); err == nil {
			t.Errorf("%q was read as %+v", s, c)
		}
	}
	got, err := copr.ExpandChroots([]string{"fedora-44-x86_64", "epel-9-*", "epel-10-aarch64", "epel-9-x86_64"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range got {
		names = append(names, c.String())
	}
	want := "epel-10-aarch64 epel-9-x86_64 epel-9-aarch64 epel-9-ppc64le epel-9-s390x fedora-44-x86_64"
	if strings.Join(names, " ") != want {
		t.Errorf("got %s", strings.Join(names, " "))
	}
}

func TestProjectNames(t *testing.T) {
	for in, want := range map[string]string{"adrian/criu": "adrian/criu", "@copr/copr-dev": "@copr/copr-dev", "g/copr/x": "@copr/x"} {
		if p, err := copr.ParseProjectName(in); err != nil || p.String() != want {
			t.Errorf("%s: %v, %v", in, p, err)
		}
	}
	for _, s := range []string{"", "a", "a/", "/b", "a/b/c", "../b", "a/..", "a/b\n", "a b/c", "a/b:testing"} {
		if p, err := copr.ParseProjectName(s); err == nil {
			t.Errorf("%q was read as %+v", s, p)
		}
	}
}

// Every state is reached from waiting, and an end is left only by a retry.
func TestStates(t *testing.T) {
	for _, s := range copr.States {
		for _, to := range copr.States {
			if s.May(to) && s.Ended() && to != copr.Pending && to != copr.Importing {
				t.Errorf("%s may become %s", s, to)
			}
		}
	}
	reached := []copr.State{copr.Waiting}
	for i := 0; i < len(reached); i++ {
		for _, to := range copr.States {
			if reached[i].May(to) && !slices.Contains(reached, to) {
				reached = append(reached, to)
			}
		}
	}
	if len(reached) != len(copr.States)-1 { // forked is a beginning of its own
		t.Errorf("reached: %v", reached)
	}
}

func TestSummary(t *testing.T) {
	for _, tt := range []struct {
		chroots []copr.State
		want    copr.State
	}{
		{[]copr.State{copr.Succeeded, copr.Running, copr.Failed}, copr.Running},
		{[]copr.State{copr.Succeeded, copr.Failed, copr.Skipped}, copr.Failed},
		{[]copr.State{copr.Succeeded, copr.Skipped}, copr.Succeeded},
		{[]copr.State{copr.Skipped}, copr.Skipped},
	} {
		b := copr.Build{}
		for _, s := range tt.chroots {
			b.Chroots = append(b.Chroots, copr.BuildChroot{State: s})
		}
		if got := b.Summary(); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.chroots, got, tt.want)
		}
	}
}

// What is not proven is not let out, and what proved nothing is not proven.
func TestJudge(t *testing.T) {
	allowed := copr.Allowed{"x86_64/kernel": {"pre-dump"}}
	report := func(checks ...copr.Check) copr.Report {
		return copr.Report{Gate: "criu", Arch: "x86_64", Runner: "kernel", Checks: checks}
	}
	pass := copr.Check{Name: "dump-restore", Verdict: copr.Pass}
	for name, tt := range map[string]struct {
		report copr.Report
		bad    bool
	}{
		"all pass":            {report(pass), false},
		"allowed skip":        {report(pass, copr.Check{Name: "pre-dump", Verdict: copr.Skip}), false},
		"other skip":          {report(pass, copr.Check{Name: "page-server", Verdict: copr.Skip}), true},
		"failure":             {report(pass, copr.Check{Name: "page-server", Verdict: copr.Fail}), true},
		"unknown verdict":     {report(pass, copr.Check{Name: "page-server"}), true},
		"nothing":             {report(), true},
		"nothing but allowed": {report(copr.Check{Name: "pre-dump", Verdict: copr.Skip}), true},
	} {
		if why := tt.report.Judge(allowed); (len(why) > 0) != tt.bad {
			t.Errorf("%s: %v", name, why)
		}
	}
}
