package hot_test

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mirrorctl/repomd/hot"
)

// counting counts the files that are opened.
type counting struct {
	fs.FS
	opened atomic.Int64
}

func (c *counting) Open(name string) (fs.File, error) {
	c.opened.Add(1)
	return c.FS.Open(name)
}

func (c *counting) Stat(name string) (fs.FileInfo, error) { return fs.Stat(c.FS, name) }

func TestRestart(t *testing.T) {
	for _, tt := range []struct {
		name string
		recipe
	}{
		{"hashed names", recipe{}},
		{"el5, signed", recipe{plain: true, sum: "sha", signed: true}},
		{"large files", recipe{pad: 2 << 20}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr, clk := newTree(t), newClock()
			o := hot.Options{Dir: scratch(t), Now: clk.Now}
			c := newCache(t, o)
			var state []files
			for tt.seq = range 3 {
				clk.add(time.Hour)
				state = append(state, tt.make(t))
				tr.publish(dir, state[tt.seq])
				load(t, c, tr, dir, true)
			}
			before := c.Generations(dir)
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}

			c = newCache(t, o)
			after := c.Generations(dir)
			if len(after) != len(before) {
				t.Fatalf("%d generations, were %d", len(after), len(before))
			}
			for i, g := range after {
				if w := before[i]; g.SHA512 != w.SHA512 || !g.LoadedAt.Equal(w.LoadedAt) || g.Timestamp != w.Timestamp || g.Dir != dir {
					t.Errorf("generation %d: %+v, was %+v", i, g, w)
				}
			}
			if s := statusOf(t, c, dir); !s.Consistent || s.Generations != 3 || s.Swaps != 0 {
				t.Errorf("status %+v", s)
			}
			clk.add(time.Hour)
			fsys := &counting{FS: tr.fs()}
			for range 2 {
				if changed, err := c.Load(t.Context(), fsys, dir); changed || err != nil {
					t.Errorf("an unchanged tree: %v, %v", changed, err)
				}
			}
			if n := fsys.opened.Load(); n > 2 { // repomd.xml and .asc, once
				t.Errorf("%d files of an unchanged tree were opened", n)
			}
			serves(t, c, dir, state[2], "client")
			if !tt.plain {
				for _, f := range state {
					for name := range f {
						if name != repomdName {
							sees(t, c, dir, name, "client", f[name])
						}
					}
				}
			}
			if n := c.Stats(); n.BadRecords != 0 || n.Damaged != 0 {
				t.Errorf("%+v", n)
			}
			tt.seq = 3
			f := tt.make(t)
			tr.publish(dir, f)
			load(t, c, tr, dir, true)
			serves(t, c, dir, f, "client")
		})
	}
}

func keptFiles(t testing.TB, root, sub string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(root, sub))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, filepath.Join(root, sub, e.Name()))
	}
	return names
}

// The disk does to kept files what disks do. None of it is ever served; the next load repairs it.
func TestKeptFileDamaged(t *testing.T) {
	for _, tt := range []struct {
		name   string
		damage func(t *testing.T, name string)
	}{
		{"a byte flipped", func(t *testing.T, name string) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			data[5] ^= 1
			if err := os.WriteFile(name, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{"truncated", func(t *testing.T, name string) {
			if err := os.Truncate(name, 3); err != nil {
				t.Fatal(err)
			}
		}},
		{"longer", func(t *testing.T, name string) {
			if err := os.Truncate(name, 5<<20); err != nil {
				t.Fatal(err)
			}
		}},
		{"removed", func(t *testing.T, name string) {
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		for _, restarted := range []bool{false, true} {
			for _, budget := range []int64{1, 1 << 30} {
				name := tt.name
				if restarted {
					name += ", restarted"
				}
				if budget > 1 {
					name += ", to memory"
				}
				t.Run(name, func(t *testing.T) {
					tr := newTree(t)
					o := hot.Options{Dir: scratch(t), Now: newClock().Now, Budget: hot.NewBudget(1)}
					c := newCache(t, o)
					f := recipe{}.make(t)
					tr.publish(dir, f)
					load(t, c, tr, dir, true)
					o.Budget = hot.NewBudget(budget)
					if restarted {
						c.Close()
						c = newCache(t, o)
					}
					for _, name := range keptFiles(t, o.Dir, "files") {
						tt.damage(t, name)
					}
					for name, want := range f {
						obj, ok := c.Lookup(path.Join(dir, name), "client")
						if !ok {
							t.Fatalf("%s: not found", name)
						}
						got, err := content(obj)
						if err == nil && string(got) != string(want) {
							t.Fatalf("%s: served %.40q", name, got)
						}
						if name == repomdName {
							continue
						}
						if err == nil && tt.name != "longer" { // the file's own bytes are all there
							t.Fatalf("%s: the damage went unnoticed", name)
						}
						if _, ok := c.Lookup(path.Join(dir, name), "client"); ok && err != nil {
							t.Fatalf("%s: still found", name)
						}
					}
					s := statusOf(t, c, dir)
					if c.Stats().Damaged > 0 == s.Consistent {
						t.Errorf("%d damaged, status %+v", c.Stats().Damaged, s)
					}
					load(t, c, tr, dir, c.Stats().Damaged > 0)
					serves(t, c, dir, f, "client")
					if g := c.Generations(dir); len(g) != 1 {
						t.Errorf("%d generations after the repair", len(g))
					}
					if c = newCache(t, o); c.Stats().BadRecords != 0 && tt.name != "longer" {
						t.Errorf("%+v", c.Stats())
					}
				})
			}
		}
	}
}

// What a crash or a bad disk leaves of the directory is passed over, swept away, and made good
// from the tree.
func TestRestartAfterCrash(t *testing.T) {
	for _, tt := range []struct {
		name    string
		crash   func(t *testing.T, dir string)
		survive bool // the generations do
	}{
		{"between the files and the record", func(t *testing.T, dir string) {
			for _, name := range keptFiles(t, dir, "generations") {
				os.Remove(name)
			}
		}, false},
		{"in a write", func(t *testing.T, dir string) {
			for _, sub := range []string{"files", "generations"} {
				if err := os.WriteFile(filepath.Join(dir, sub, ".mirrorctl-tmp-0011-x"), []byte("{"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}, true},
		{"between pruning a record and its file", func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, "files", strings.Repeat("ab", 32)), []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"a file lost, its record kept", func(t *testing.T, dir string) {
			os.Remove(keptFiles(t, dir, "files")[0])
		}, false},
		{"a record torn by something else", func(t *testing.T, dir string) {
			if err := os.Truncate(keptFiles(t, dir, "generations")[0], 100); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"a record under a wrong name", func(t *testing.T, dir string) {
			name := keptFiles(t, dir, "generations")[0]
			if err := os.Rename(name, filepath.Join(dir, "generations", "x.json")); err != nil {
				t.Fatal(err)
			}
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr := newTree(t)
			o := hot.Options{Dir: scratch(t), Now: newClock().Now}
			c := newCache(t, o)
			f := recipe{}.make(t)
			tr.publish(dir, f)
			load(t, c, tr, dir, true)
			c.Close()
			tt.crash(t, o.Dir)
			c = newCache(t, o)
			if got := len(c.Generations(dir)) == 1; got != tt.survive {
				t.Fatalf("in service after the start: %v, want %v", got, tt.survive)
			}
			load(t, c, tr, dir, !tt.survive)
			serves(t, c, dir, f, "client")
			if err := c.Prune(time.Now()); err != nil {
				t.Fatal(err)
			}
			if n, m := len(keptFiles(t, o.Dir, "files")), len(keptFiles(t, o.Dir, "generations")); n != 3 || m != 1 {
				t.Errorf("%d files and %d records after the sweep", n, m)
			}
			serves(t, c, dir, f, "client")
		})
	}
}

// The directory cannot be written: clients get the new state all the same, and the operator is
// told.
func TestDirectoryFails(t *testing.T) {
	tr := newTree(t)
	o := hot.Options{Dir: scratch(t), Now: newClock().Now}
	c := newCache(t, o)
	tr.publish(dir, recipe{}.make(t))
	load(t, c, tr, dir, true)
	tr.must(os.RemoveAll(filepath.Join(o.Dir, "files")))
	f := recipe{seq: 1}.make(t)
	tr.publish(dir, f)
	load(t, c, tr, dir, true)
	serves(t, c, dir, f, "client")
	if s := statusOf(t, c, dir); !strings.Contains(s.Note, "not kept") || !s.Consistent {
		t.Errorf("status %+v", s)
	}
	if _, err := hot.New(hot.Options{Dir: filepath.Join(o.Dir, "lock", "x")}); err == nil {
		t.Error("a directory below a file was taken")
	}
}

// In a rolling restart two processes use the directory. Neither deletes what the other serves.
func TestTwoProcesses(t *testing.T) {
	tr, clk := newTree(t), newClock()
	o := hot.Options{Dir: scratch(t), Now: clk.Now, Keep: time.Hour, MinGenerations: 1, Budget: hot.NewBudget(1)}
	draining := newCache(t, o)
	old := recipe{}.make(t)
	tr.publish(dir, old)
	load(t, draining, tr, dir, true)

	next := recipe{seq: 1}.make(t)
	tr.publish(dir, next)
	o.Budget = hot.NewBudget(1)
	serving := newCache(t, o)
	load(t, serving, tr, dir, true)
	clk.add(2 * time.Hour)
	for _, c := range []*hot.Cache{draining, serving} { // one knows nothing of the new files, the other is done with the old
		if err := c.Prune(clk.Now()); err != nil {
			t.Fatal(err)
		}
	}
	serves(t, serving, dir, next, "client")
	serves(t, draining, dir, old, "client")
	draining.Close()
	if err := serving.Prune(clk.Now()); err != nil {
		t.Fatal(err)
	}
	serves(t, serving, dir, next, "client")
	if n := len(keptFiles(t, o.Dir, "files")); n != 3 {
		t.Errorf("%d files kept once it was alone", n)
	}
}

// After a start, the budget can be filled before the first request.
func TestWarm(t *testing.T) {
	tr := newTree(t)
	o := hot.Options{Dir: scratch(t), Now: newClock().Now}
	c := newCache(t, o)
	f := recipe{pad: 2 << 20, types: []string{"primary", "group"}}.make(t)
	tr.publish(dir, f)
	load(t, c, tr, dir, true)
	c.Close()
	o.Budget = hot.NewBudget(1 << 20) // one fits, one does not
	c = newCache(t, o)
	if err := c.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := c.Stats(); s.Resident != 1 || s.Entries != 2 || s.Bytes != int64(len(f[f.listed(t, "group")])) {
		t.Errorf("%+v", s)
	}
	for _, name := range keptFiles(t, o.Dir, "files") {
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o.Budget = nil
	c.Close()
	c = newCache(t, o) // by their size these are not the files of the record
	if c.Stats().BadRecords != 1 || errors.Is(c.Warm(t.Context()), fs.ErrExist) {
		t.Errorf("%+v", c.Stats())
	}
}
