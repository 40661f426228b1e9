package hot_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mirrorctl/repomd/hot"
)

// The real createrepo_c and the real rsync publish into a live tree while readers refresh.
func TestRealPublishers(t *testing.T) {
	createrepo, err := exec.LookPath("createrepo_c")
	if err != nil {
		t.Skip("SKIP: createrepo_c missing")
	}
	run := func(t *testing.T, name string, args ...string) {
		t.Helper()
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	// Other content each time, without packages: a group file grows.
	state := func(t *testing.T, root string, n int) {
		t.Helper()
		comps := filepath.Join(root, "comps.xml")
		if err := os.WriteFile(comps, []byte("<comps><!-- "+time.Unix(int64(n), 0).String()+" --></comps>\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		run(t, createrepo, "--quiet", "--groupfile", comps, root)
	}
	for _, tt := range []struct {
		name    string
		publish func(t *testing.T, live, upstream string, n int)
	}{
		{"createrepo_c in place", func(t *testing.T, live, _ string, n int) { state(t, live, n) }},
		// By checksum: all this happens within the second that rsync's quick check compares.
		{"rsync --delete", func(t *testing.T, live, upstream string, n int) {
			if _, err := exec.LookPath("rsync"); err != nil {
				t.Skip("SKIP: rsync missing")
			}
			state(t, upstream, n)
			run(t, "rsync", "-a", "--checksum", "--delete", "--bwlimit=200", upstream+"/", live+"/")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr, upstream := newTree(t), newTree(t)
			live := tr.path(dir, "")
			tr.must(os.MkdirAll(live, 0o755))
			c := newCache(t, hot.Options{Dir: scratch(t)})
			tt.publish(t, live, upstream.root, 0)
			load(t, c, tr, dir, true)

			var stop atomic.Bool
			var refreshes, swaps atomic.Int64
			var wg sync.WaitGroup
			wg.Go(func() { // the ticker
				for !stop.Load() {
					if changed, err := c.Load(t.Context(), tr.fs(), dir); err == nil && changed {
						swaps.Add(1)
					}
					time.Sleep(time.Millisecond)
				}
			})
			for range 2 {
				wg.Go(func() {
					for !stop.Load() && !t.Failed() {
						if _, err := refreshAll(c, "one client"); err != nil {
							t.Error(err)
						}
						refreshes.Add(1)
						time.Sleep(100 * time.Microsecond)
					}
				})
			}
			for n := range 15 {
				tt.publish(t, live, upstream.root, n+1)
			}
			stop.Store(true)
			wg.Wait()
			if _, err := c.Load(t.Context(), tr.fs(), dir); err != nil {
				t.Fatal(err)
			}
			s := c.Stats()
			t.Logf("%d refreshes, none failed; %d swaps, %d torn states refused", refreshes.Load(), swaps.Load(), s.Failures)
			want, err := os.ReadFile(filepath.Join(live, repomdName))
			if err != nil {
				t.Fatal(err)
			}
			sees(t, c, dir, repomdName, "client", want)
			if swaps.Load() == 0 || refreshes.Load() == 0 {
				t.Error("nothing happened")
			}
		})
	}
}
