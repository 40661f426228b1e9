//go:build linux

package oracle_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrorctl/test/fault/fixture"
	"mirrorctl/test/fault/oracle"
)

// world is a site that is moved by hand, to be damaged by hand.
type world struct {
	t *testing.T
	oracle.Site
}

const (
	beta     = "free/fedora/releases/25/Everything/x86_64/os/Packages/b/beta-2.1-3.fc25.x86_64.rpm"
	shared   = "free/fedora/updates/25/x86_64/Packages/a/alpha-1.0-1.fc25.noarch.rpm"
	latest   = "free/fedora/releases/25/Everything/x86_64/os/Packages/latest.rpm"
	stranger = "free/fedora/releases/43/Everything/x86_64/os/Packages/n/new-1-1.fc43.x86_64.rpm"
	font     = "free/fedora/releases/43/Everything/x86_64/os/Packages/f/font-7-1.fc25.noarch.rpm"
)

func newWorld(t *testing.T) *world {
	t.Helper()
	f := fixture.Site{Dir: t.TempDir()}
	w := &world{t: t}
	w.must(f.Make())
	before, err := oracle.Take(f.Root)
	w.must(err)
	w.Site = oracle.Site{Root: f.Root, Archive: f.Archive, State: f.State, Release: fixture.Release, Trees: fixture.Trees, Before: before}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) run(dir string, args ...string) {
	w.t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("%s: %v: %s", args, err, out)
	}
}

func (w *world) phase(state string) {
	w.must(os.WriteFile(w.State+"/state.json", []byte(`{"format":1,"generation":3,"releases":{"fedora-25":{"state":"`+state+`"}}}`), 0o644))
}

// copy fills the archive as a right job does.
func (w *world) copy() {
	w.run(w.Root, append([]string{"cp", "-a", "--parents", "-t", w.Archive}, w.Trees...)...)
}

func (w *world) archived() { w.copy(); w.phase("archived") }

func (w *world) trashed() {
	w.archived()
	for _, tree := range w.Trees {
		to := filepath.Join(w.Root, ".mirrorctl-trash/job1", tree)
		w.must(os.MkdirAll(filepath.Dir(to), 0o755))
		w.must(os.Rename(filepath.Join(w.Root, tree), to))
	}
	w.phase("pruned")
}

func (w *world) pruned() { w.trashed(); w.must(os.RemoveAll(w.Root + "/.mirrorctl-trash")) }

func (w *world) fails(what string, violations []string, err error, want string) {
	w.t.Helper()
	w.must(err)
	for _, v := range violations {
		if want != "" && strings.HasPrefix(v, want) {
			return
		}
	}
	if want != "" || len(violations) > 0 {
		w.t.Errorf("%s: want %q, got %q", what, want, violations)
	}
}

// What a right job leaves is found right, at each of its stages.
func TestRight(t *testing.T) {
	tests := []struct {
		name string
		do   func(w *world)
		goal oracle.Goal
	}{
		{"untouched", func(w *world) {}, oracle.GoalAborted},
		{"copying", func(w *world) { w.copy(); w.phase("archiving"); w.must(os.Remove(w.Archive + "/" + beta)) }, ""},
		{"archived", (*world).archived, oracle.GoalArchived},
		{"trashed", (*world).trashed, oracle.GoalTrashed},
		{"half trashed", func(w *world) {
			w.trashed()
			w.must(os.Rename(w.Root+"/.mirrorctl-trash/job1/"+w.Trees[1], w.Root+"/"+w.Trees[1]))
		}, ""},
		{"half purged", func(w *world) { w.trashed(); w.must(os.Remove(w.Root + "/.mirrorctl-trash/job1/" + beta)) }, ""},
		{"pruned", (*world).pruned, oracle.GoalPruned},
		{"restored", func(w *world) {
			w.pruned()
			w.run(w.Archive, append([]string{"cp", "-a", "--parents", "-t", w.Root}, w.Trees...)...)
			for path, e := range w.Before.Without(w.Trees...) {
				if e.Type.IsDir() {
					at := time.Unix(0, e.MTime)
					w.must(os.Chtimes(filepath.Join(w.Root, path), at, at))
				}
			}
			w.phase("active")
			w.Restored, w.Rebuilt = true, true
		}, oracle.GoalRestored},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			tt.do(w)
			_, violations, err := w.Check()
			w.fails("check", violations, err, "")
			if tt.goal != "" {
				violations, err = w.Ended(tt.goal)
				w.fails("end", violations, err, "")
			}
		})
	}
}

// Each kind of damage is found, and called by its invariant.
func TestWrong(t *testing.T) {
	tests := []struct {
		name   string
		before func(w *world)
		damage func(w *world)
		want   string
	}{
		{"a byte of the root", func(w *world) {}, func(w *world) { w.flip(w.Root, beta) }, "I2: " + beta + " has other bytes"},
		{"a time in the root", func(w *world) {}, func(w *world) { w.touch(w.Root, beta) }, "I2: " + beta + " has mtime"},
		{"a directory's time in the root", func(w *world) {}, func(w *world) { w.touch(w.Root, filepath.Dir(beta)) }, "I2: "},
		{"a mode in the root", func(w *world) {}, func(w *world) { w.must(os.Chmod(w.Root+"/"+beta, 0o644)) }, "I2: " + beta + " has mode"},
		{"a copy in place of a file in the root", func(w *world) {}, func(w *world) { w.recopy(w.Root, beta) }, "I2: " + beta + " is inode"},
		{"something new in the root", func(w *world) {}, func(w *world) { w.must(os.Mkdir(w.Root+"/.mirrorctl-trash", 0o755)) }, "I2: .mirrorctl-trash should"},
		{"moved before published", (*world).trashed, func(w *world) { w.phase("archiving") }, "I2: "},
		{"partial in the archive", (*world).copy, func(w *world) { w.must(os.Truncate(w.Archive+"/"+beta, 1000)) }, "I4: " + beta},
		{"complete but without its time", (*world).copy, func(w *world) { w.touch(w.Archive, beta) }, "I4: " + beta + " in the archive has mtime"},
		{"a foreign file in the archive", (*world).copy, func(w *world) { w.must(os.WriteFile(w.Archive+"/x", nil, 0o644)) }, "I4: x is"},
		{"absent from the archive", (*world).archived, func(w *world) { w.must(os.Remove(w.Archive + "/" + latest)) }, "I3: " + latest},
		{"a symlink that points elsewhere", (*world).archived, func(w *world) {
			w.must(os.Remove(w.Archive + "/" + latest))
			w.must(os.Symlink("x", w.Archive+"/"+latest))
		}, "I3: " + latest + " points"},
		{"a hard link that became a copy", (*world).archived, func(w *world) { w.recopy(w.Archive, shared) }, "I3: " + shared + " is the same file as"},
		{"a directory's time in the archive", (*world).archived, func(w *world) { w.touch(w.Archive, filepath.Dir(beta)) }, "I3: "},
		{"nowhere", (*world).pruned, func(w *world) { w.must(os.Remove(w.Archive + "/" + beta)) }, "I1: " + beta},
		{"unlinked without a copy", (*world).trashed, func(w *world) {
			w.must(os.Remove(w.Archive + "/" + beta))
			w.must(os.Remove(w.Root + "/.mirrorctl-trash/job1/" + beta))
		}, "I6: " + beta},
		{"a file gone from a tree that is still there", (*world).archived, func(w *world) { w.must(os.Remove(w.Root + "/" + beta)) }, "I4 in the root: " + beta},
		{"another release's file", (*world).pruned, func(w *world) { w.must(os.Remove(w.Root + "/" + stranger)) }, "I2 of others: " + stranger},
		{"another release's link", (*world).trashed, func(w *world) { w.flip(w.Root, font) }, "I"},
		{"journaled and absent", (*world).copy, func(w *world) {
			w.must(os.MkdirAll(w.State+"/jobs/1", 0o755))
			w.must(os.WriteFile(w.State+"/jobs/1/journal", []byte(`{"type":"put","payload":{"path":"`+beta+`"}}`+"\n{torn"), 0o644))
			w.must(os.Remove(w.Archive + "/" + beta))
		}, "I1: the journal knows"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			tt.before(w)
			_, violations, err := w.Check()
			w.fails("before the damage", violations, err, "")
			tt.damage(w)
			_, violations, err = w.Check()
			w.fails("damaged", violations, err, tt.want)
		})
	}
}

// A wrong end is found where every instant before it was right.
func TestWrongEnd(t *testing.T) {
	tests := []struct {
		name string
		do   func(w *world)
		goal oracle.Goal
		want string
	}{
		{"not archived", func(w *world) { w.copy() }, oracle.GoalArchived, "I7: the state is active"},
		{"not aborted", func(w *world) { w.copy() }, oracle.GoalAborted, "I7 archive: "},
		{"directories left after abort", func(w *world) { w.must(os.MkdirAll(w.Archive+"/free/fedora", 0o755)) }, oracle.GoalAborted, "I7 archive: free should"},
		{"trash left", (*world).trashed, oracle.GoalPruned, "I7 trash: "},
		{"still in the root", func(w *world) { w.archived(); w.phase("pruned") }, oracle.GoalPruned, "I7 root: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			tt.do(w)
			_, violations, err := w.Check()
			w.fails("before the end", violations, err, "")
			violations, err = w.Ended(tt.goal)
			w.fails("end", violations, err, tt.want)
		})
	}
}

func TestLitter(t *testing.T) {
	w := newWorld(t)
	w.archived()
	for i, dir := range []string{w.Root, w.Archive, w.State} {
		w.must(os.WriteFile(dir+"/.mirrorctl-tmp-1-x", nil, 0o644))
		if found, err := w.Litter(); err != nil || len(found) != i+1 {
			t.Errorf("found %v, %v", found, err)
		}
	}
}

func TestTornStateDocument(t *testing.T) {
	w := newWorld(t)
	w.must(os.WriteFile(w.State+"/state.json", []byte(`{"format":1,"rel`), 0o644))
	if _, _, err := w.Check(); err == nil {
		t.Error("no error")
	}
}

func (w *world) touch(dir, path string) {
	w.must(os.Chtimes(filepath.Join(dir, path), time.Time{}, time.Unix(1, 1)))
}

// flip changes a byte and nothing else.
func (w *world) flip(dir, path string) {
	name := filepath.Join(dir, path)
	info, err := os.Stat(name)
	w.must(err)
	data, err := os.ReadFile(name)
	w.must(err)
	data[len(data)/2] ^= 1
	w.must(os.WriteFile(name, data, 0))
	w.must(os.Chtimes(name, info.ModTime(), info.ModTime()))
}

// recopy puts an equal copy in a file's place, with nothing changed but its inode.
func (w *world) recopy(dir, path string) {
	name := filepath.Join(dir, path)
	parent, err := os.Stat(filepath.Dir(name))
	w.must(err)
	w.run(".", "cp", "-a", name, name+"~")
	w.must(os.Rename(name+"~", name))
	w.must(os.Chtimes(filepath.Dir(name), parent.ModTime(), parent.ModTime()))
}
