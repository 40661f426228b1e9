package main

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"mirrorctl/archive"
)

func TestHumanSize(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 9949: "9.9 kB", 9950: "10 kB", 999_499: "999 kB", 999_500: "1.0 MB",
		11_000_000: "11 MB", 260e9: "260 GB", 1<<63 - 1: "9223 PB",
	} {
		if got := humanSize(n); got != want {
			t.Errorf("humanSize(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for _, c := range []struct {
		n           int64
		thing, want string
	}{{0, "file", "0 files"}, {1, "repository", "1 repository"}, {2, "repository", "2 repositories"}} {
		if got := count(c.n, c.thing); got != c.want {
			t.Errorf("count(%d, %q) = %q, want %q", c.n, c.thing, got, c.want)
		}
	}
}

// A shell reads a quoted word back as it was: the command that resumes a job is made to be pasted.
func TestQuoteIsWhatTheShellReads(t *testing.T) {
	for _, word := range []string{"", "plain", "/a/b-c_d.yaml", "a b", "it's", `back\slash`, "$HOME `id` \"x\" !! *?[a]~#;&|<>()", "new\nline", "é"} {
		out, err := exec.Command("sh", "-c", "printf %s "+quote(word)).Output()
		if err != nil || string(out) != word {
			t.Errorf("%q was quoted as %s and read as %q (%v)", word, quote(word), out, err)
		}
	}
}

func TestJobNote(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 0, 0, time.Local)
	for _, c := range []struct {
		name string
		job  *archive.JobStatus
		want string
	}{
		{"no job", nil, ""},
		{"restored", &archive.JobStatus{State: archive.Restored, Reason: "old"}, ""},
		{"copying", &archive.JobStatus{State: archive.Copying, Stored: 3, Totals: archive.Totals{Files: 9}}, "copying, 3 of 9 files"},
		{"stuck", &archive.JobStatus{State: archive.Copied, Reason: "no space"}, "copied, stopped"},
		{"in its grace time", &archive.JobStatus{State: archive.Published, DrainDue: now.Add(time.Hour)}, "prune from 2026-01-02 04:04"},
		{"after it", &archive.JobStatus{State: archive.Published, DrainDue: now}, "prune due"},
		{"in the trash", &archive.JobStatus{State: archive.Trashed, PurgeDue: now.Add(24 * time.Hour)}, "purge from 2026-01-03 03:04"},
		{"purged", &archive.JobStatus{State: archive.Purged}, ""},
	} {
		if got := jobNote(c.job, now); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestTableHasNoTrailingBlanks(t *testing.T) {
	var b strings.Builder
	o := &output{}
	if err := o.printTable(&b, &table{columns: []string{"a", "bb"}, rows: [][]string{{"long", ""}, {"", "x"}}}); err != nil {
		t.Fatal(err)
	}
	if want := "A     BB\nlong\n      x\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}
