package s3store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrorctl/archive"
	"mirrorctl/archive/archivetest"
	"mirrorctl/internal/demo"
	"mirrorctl/mirror"
	"mirrorctl/test/s3"
)

// The demo's fedora-25, real packages and real metadata, goes to a bucket and comes back.
func TestDemo(t *testing.T) {
	server := s3.Start(t)
	store := open(t, server)
	d, err := demo.Make(t.Context(), filepath.Join(t.TempDir(), "demo"), demo.Options{Releases: []string{"fedora-25"}})
	if err != nil {
		t.Fatal(err)
	}
	before := described(t, d.Root)
	state, err := mirror.OpenFileState(d.State)
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	a, err := archive.Open(archive.Site{
		Root: d.Root, Dir: d.State, Store: store, State: state, Followers: state, Prober: archivetest.Prober{Store: store}, AckWait: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	target := archive.Target{Release: archivetest.Release, Trees: []mirror.Path{
		"free/fedora/releases/25", "free/fedora/updates/25", "nonfree/fedora/releases/25", "nonfree/fedora/updates/25",
	}}
	server.Proxy.Inject(nil)
	began := time.Now()
	r, err := a.Archive(t.Context(), target, archive.Options{Force: true})
	if err != nil || r.State != archive.Published {
		t.Fatalf("%+v, %v", r, err)
	}
	requests := server.Proxy.Inject(nil)
	fmt.Printf("figure: the demo's fedora-25, %d files and %d bytes, archived to S3 and verified in %.1f s with %.1f requests a file\n",
		r.Totals.Files, r.Totals.Bytes, time.Since(began).Seconds(), float64(requests)/float64(r.Totals.Files))
	if r.Totals.Files < 100 {
		t.Errorf("%+v", r.Totals)
	}
	for _, step := range []struct {
		do   func() (archive.Result, error)
		want archive.JobState
	}{
		{func() (archive.Result, error) { return a.Prune(t.Context(), target.Release) }, archive.Trashed},
		{func() (archive.Result, error) { return a.Purge(t.Context(), target.Release) }, archive.Purged},
		{func() (archive.Result, error) { return a.Restore(t.Context(), target.Release) }, archive.Restored},
	} {
		if step.want == archive.Restored {
			if _, err := os.Stat(filepath.Join(d.Root, string(target.Trees[0]))); !os.IsNotExist(err) {
				t.Errorf("not pruned: %v", err)
			}
		}
		if r, err := step.do(); err != nil || r.State != step.want {
			t.Fatalf("%s: %+v, %v", step.want, r, err)
		}
	}
	if after := described(t, d.Root); after != before {
		t.Errorf("before, and after:\n%s", differing(before, after))
	}
}

// described is the tree, but for one thing: a name outside the release that was another name of a
// file in it keeps its content when the release leaves the root, and is a file of its own when it is back.
func described(t *testing.T, root string) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(archivetest.Tree(t, root)) {
		if strings.Contains(line, "free/fedora/rpmfusion-") {
			line, _, _ = strings.Cut(line, " = ")
			line = strings.TrimSuffix(line, "\n") + "\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

// differing are the lines that only one of two descriptions has.
func differing(before, after string) string {
	var b strings.Builder
	for line := range strings.Lines(before) {
		if !strings.Contains(after, line) {
			b.WriteString("- " + line)
		}
	}
	for line := range strings.Lines(after) {
		if !strings.Contains(before, line) {
			b.WriteString("+ " + line)
		}
	}
	return b.String()
}
