package hot_test

import (
	"testing"
	"time"

	"mirrorctl/repomd/hot"
)

// A generation stays for Keep after it was replaced, however old it was then, and the newest two always.
func TestPrune(t *testing.T) {
	tr, clk := newTree(t), newClock()
	o := hot.Options{Dir: scratch(t), Now: clk.Now}
	c := newCache(t, o)
	var state []files
	publish := func() {
		state = append(state, recipe{seq: len(state)}.make(t))
		tr.publish(dir, state[len(state)-1])
		load(t, c, tr, dir, true)
	}
	prune := func(want int) {
		t.Helper()
		if err := c.Prune(clk.Now()); err != nil {
			t.Fatal(err)
		}
		if n := len(c.Generations(dir)); n != want {
			t.Fatalf("%d generations, want %d", n, want)
		}
		// Beside the group that all share, each has two files.
		if n, m := len(keptFiles(t, o.Dir, "files")), len(keptFiles(t, o.Dir, "generations")); n != 1+2*want || m != want {
			t.Fatalf("%d files, %d records of %d generations", n, m, want)
		}
		if s := c.Stats(); s.Entries != 1+2*want {
			t.Fatalf("%+v of %d generations", s, want)
		}
		for i := len(state) - want; i < len(state); i++ {
			for name, data := range state[i] {
				if name != repomdName {
					sees(t, c, dir, name, "client", data)
				}
			}
		}
		for i := range len(state) - want {
			sees(t, c, dir, state[i].listed(t, "primary"), "client", nil)
		}
	}
	publish()
	clk.add(365 * 24 * time.Hour)
	publish() // 0 was in service for a year, until now
	prune(2)
	clk.add(time.Hour)
	publish()
	prune(3)
	clk.add(95*time.Hour - time.Second)
	prune(3)
	clk.add(time.Second) // 0 was replaced 96 h ago
	prune(2)
	clk.add(365 * 24 * time.Hour)
	prune(2)
	c.Close()
	c = newCache(t, o)
	prune(2)
}

func TestRetain(t *testing.T) {
	tr, clk := newTree(t), newClock()
	o := hot.Options{Dir: scratch(t), Now: clk.Now, Keep: 24 * time.Hour}
	c := newCache(t, o)
	f := recipe{}.make(t)
	for _, repo := range []string{"a", "b", "c"} {
		tr.publish(repo, f)
		load(t, c, tr, repo, true)
	}
	refuse(t, c, tr, "never there", hot.Missing)
	c.Retain([]string{"a", "c"})
	if s := c.Status(); len(s) != 3 || s[1].Dir != "b" || !s[1].Missing.Equal(clk.Now()) || !s[0].Missing.IsZero() {
		t.Fatalf("%+v", s)
	}
	clk.add(24*time.Hour - 1)
	prune := func() {
		t.Helper()
		if err := c.Prune(clk.Now()); err != nil {
			t.Fatal(err)
		}
	}
	prune()
	serves(t, c, "b", f, "client")
	c.Retain([]string{"a"}) // c goes now; b is missed since yesterday
	clk.add(1)
	prune()
	sees(t, c, "b", repomdName, "client", nil)
	serves(t, c, "c", f, "client")
	c.Retain([]string{"a", "c"}) // and is back
	clk.add(48 * time.Hour)
	prune()
	serves(t, c, "a", f, "client")
	serves(t, c, "c", f, "client")
	c.Close()
	c = newCache(t, o)
	sees(t, c, "b", repomdName, "client", nil)
	load(t, c, tr, "b", true)
	serves(t, c, "b", f, "client")
}

func TestRemove(t *testing.T) {
	kinds(t, func(t *testing.T, o hot.Options) {
		tr, c := newTree(t), newCache(t, o)
		f := recipe{signed: true}.make(t)
		tr.publish("a", f)
		tr.publish("b", f)
		load(t, c, tr, "a", true)
		load(t, c, tr, "b", true)
		for range 2 {
			if err := c.Remove("a"); err != nil {
				t.Fatal(err)
			}
		}
		sees(t, c, "a", repomdName, "client", nil)
		if err := c.Prune(time.Now()); err != nil {
			t.Fatal(err)
		}
		serves(t, c, "b", f, "client") // it shares every file with a
		if s := c.Status(); len(s) != 1 || c.Stats().Repositories != 1 {
			t.Errorf("%+v", s)
		}
		if err := c.Remove("b"); err != nil {
			t.Fatal(err)
		}
		if s := c.Stats(); s.Entries != 0 || s.Bytes != 0 || s.Repositories != 0 {
			t.Errorf("%+v", s)
		}
		load(t, c, tr, "a", true)
		serves(t, c, "a", f, "client")
	})
}
