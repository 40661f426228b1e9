package hot_test

import (
	"fmt"
	"path"
	"sync"
	"testing"

	"mirrorctl/repomd/hot"
)

func lookup(t testing.TB, c *hot.Cache, repo, name string) *hot.Object {
	t.Helper()
	o, ok := c.Lookup(path.Join(repo, name), "client")
	if !ok {
		t.Fatalf("%s/%s: not found", repo, name)
	}
	return o
}

// ask is a request as a server makes it: from memory, else from the file.
func ask(t testing.TB, o *hot.Object) (fromMemory bool) {
	t.Helper()
	if o.Bytes() != nil {
		return true
	}
	if _, err := content(o); err != nil {
		t.Fatal(err)
	}
	return false
}

func TestBudgetKeepsSmallAndHot(t *testing.T) {
	kinds(t, func(t *testing.T, o hot.Options) {
		tr := newTree(t)
		o.Budget = hot.NewBudget(1 << 20)
		c := newCache(t, o)
		// 20 repositories that clients live on, 200 KB, and 30 of an archive, 9 MB.
		var hotFiles, coldFiles []*hot.Object
		for i := range 50 {
			repo, r := fmt.Sprint("live", i), recipe{seq: i, pad: 10_000, types: []string{"primary"}}
			if i >= 20 {
				repo, r.pad = fmt.Sprint("archive", i), 300_000
			}
			f := r.make(t)
			tr.publish(repo, f)
			load(t, c, tr, repo, true)
			if obj := lookup(t, c, repo, f.listed(t, "primary")); i < 20 {
				hotFiles = append(hotFiles, obj)
			} else {
				coldFiles = append(coldFiles, obj)
			}
			if used := o.Budget.Used(); used > o.Budget.Max() {
				t.Fatalf("%d bytes in memory", used)
			}
		}
		for range 10 {
			for _, o := range hotFiles {
				ask(t, o)
			}
		}
		for _, o := range coldFiles { // somebody walks over the archive
			ask(t, o)
		}
		for i, o := range hotFiles {
			if !ask(t, o) {
				t.Errorf("live%d was flushed from memory by files asked for once", i)
			}
		}
		if o.Budget.Used() < o.Budget.Max()/2 {
			t.Errorf("only %d bytes in memory", o.Budget.Used())
		}
	})
}

// A file that becomes popular comes to memory, and one that nobody wants any more makes room.
func TestBudgetFollowsDemand(t *testing.T) {
	tr := newTree(t)
	b := hot.NewBudget(100_000)
	c := newCache(t, hot.Options{Budget: b, Dir: scratch(t)})
	var objects []*hot.Object
	for i := range 3 {
		f := recipe{seq: i, pad: 60_000, types: []string{"primary"}}.make(t)
		tr.publish(fmt.Sprint(i), f)
		load(t, c, tr, fmt.Sprint(i), true)
		objects = append(objects, lookup(t, c, fmt.Sprint(i), f.listed(t, "primary")))
	}
	for day := range 6 {
		popular := objects[day%3]
		for range 300 {
			ask(t, popular)
		}
		if !ask(t, popular) {
			t.Errorf("day %d: the only file that is asked for is not in memory; %+v", day, c.Stats())
		}
		if b.Used() > b.Max() {
			t.Errorf("%d bytes in memory", b.Used())
		}
	}
	if c.Stats().Evictions == 0 {
		t.Error("no evictions were counted")
	}
}

// A file that has not room in an empty memory is served from disk, always.
func TestBudgetTooLarge(t *testing.T) {
	kinds(t, func(t *testing.T, o hot.Options) {
		tr := newTree(t)
		o.Budget = hot.NewBudget(1 << 20)
		c := newCache(t, o)
		f := recipe{pad: 3 << 20}.make(t)
		tr.publish(dir, f)
		load(t, c, tr, dir, true)
		for range 20 {
			serves(t, c, dir, f, "client")
		}
		if lookup(t, c, dir, f.listed(t, "primary")).Bytes() != nil {
			t.Error("it is in memory")
		}
	})
}

// The root's cache and the archive's share one budget.
func TestBudgetShared(t *testing.T) {
	b := hot.NewBudget(30_000)
	root, archive := newCache(t, hot.Options{Budget: b}), newCache(t, hot.Options{Budget: b})
	tr := newTree(t)
	f := recipe{pad: 9_000}.make(t)
	tr.publish(dir, f)
	load(t, root, tr, dir, true)
	load(t, archive, tr, dir, true)
	if r, a := root.Stats(), archive.Stats(); r.Bytes+a.Bytes != b.Used() || r.Bytes == 0 || a.Bytes == 0 || b.Used() > b.Max() {
		t.Errorf("root %d, archive %d, budget %d of %d", r.Bytes, a.Bytes, b.Used(), b.Max())
	}
	serves(t, root, dir, f, "client")
	serves(t, archive, dir, f, "client")
	if err := root.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if a := archive.Stats(); a.Bytes != b.Used() {
		t.Errorf("after the root's are gone: archive %d, budget %d", a.Bytes, b.Used())
	}
}

// Requests that still hold a file of a generation that is gone must not bring it back into
// the account: nobody would ever take it out.
func TestBudgetAfterRemove(t *testing.T) {
	tr, b := newTree(t), hot.NewBudget(1<<20)
	c := newCache(t, hot.Options{Budget: b})
	f := recipe{pad: 50_000}.make(t)
	tr.publish(dir, f)
	load(t, c, tr, dir, true)
	o := lookup(t, c, dir, f.listed(t, "primary"))
	if err := c.Remove(dir); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				if _, err := content(o); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if b.Used() != 0 {
		t.Errorf("%d bytes are held for nobody", b.Used())
	}
}
