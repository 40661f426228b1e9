package hot_test

import (
	"fmt"
	"path"
	"sync"
	"testing"
	"time"

	"mirrorctl/repomd/hot"
)

// EL-5's names say nothing of their content. Each client gets those of the repomd.xml that it
// was given, whenever the swap falls.
func TestFollow(t *testing.T) {
	for _, tt := range []struct {
		name string
		recipe
		files []string // un-hashed
	}{
		{"el5", recipe{plain: true, sum: "sha"}, []string{"repodata/primary.xml.gz", "repodata/filelists.xml.gz"}},
		{"el5, signed", recipe{plain: true, sum: "sha", signed: true}, []string{"repodata/primary.xml.gz", signatureName}},
		{"hashed names, signed", recipe{signed: true}, []string{signatureName}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr, clk := newTree(t), newClock()
			c := newCache(t, hot.Options{Now: clk.Now})
			var state []files
			publish := func() {
				tt.seq = len(state)
				state = append(state, tt.make(t))
				tr.publish(dir, state[tt.seq])
				load(t, c, tr, dir, true)
			}
			expect := func(client string, want int) {
				t.Helper()
				for _, name := range tt.files {
					sees(t, c, dir, name, client, state[want][name])
				}
			}
			asks := func(client string, want int) {
				t.Helper()
				sees(t, c, dir, repomdName, client, state[want][repomdName])
			}

			publish()
			clk.add(time.Hour)
			asks("early", 0)
			publish()
			expect("early", 0) // it was given the first
			asks("later", 1)
			expect("later", 1)
			clk.add(10 * time.Second)
			publish()
			expect("early", 0)
			expect("later", 1)
			asks("last", 2)
			asks("early", 2) // it begins anew: the newest, whatever it had
			expect("early", 2)
			expect("last", 2)
			expect("later", 1)
			clk.add(49 * time.Second)
			expect("later", 1)
			clk.add(2 * time.Second) // 61 s after its repomd.xml: as the one in service 60 s ago
			expect("later", 1)
			clk.add(time.Minute)
			for _, client := range []string{"early", "later", "last", "never seen"} {
				expect(client, 2)
			}
		})
	}
}

// A client of an unsigned repomd.xml must not meet the signature of the next one.
func TestFollowFirstSignature(t *testing.T) {
	tr, clk := newTree(t), newClock()
	c := newCache(t, hot.Options{Now: clk.Now})
	tr.publish(dir, recipe{}.make(t))
	load(t, c, tr, dir, true)
	clk.add(time.Hour)
	next := recipe{seq: 1, signed: true}.make(t)
	tr.publish(dir, next)
	load(t, c, tr, dir, true)
	sees(t, c, dir, signatureName, "early", nil)
	if _, ok := c.Repository(path.Join(dir, signatureName)); !ok {
		t.Error("a server would look for it in the tree")
	}
	serves(t, c, dir, next, "later")
}

// yum asks for filelists of a repomd.xml that is hours old. Where a repository went over to
// hashed names, the old name can only mean the old file.
func TestOldPlainName(t *testing.T) {
	tr, clk := newTree(t), newClock()
	c := newCache(t, hot.Options{Now: clk.Now})
	old := recipe{plain: true}.make(t)
	tr.publish(dir, old)
	load(t, c, tr, dir, true)
	tr.publish(dir, recipe{seq: 1}.make(t))
	load(t, c, tr, dir, true)
	clk.add(6 * time.Hour)
	sees(t, c, dir, "repodata/filelists.xml.gz", "yum", old["repodata/filelists.xml.gz"])
}

// More clients than are noted: memory is bounded, and everybody gets a file of some generation.
func TestFollowFlood(t *testing.T) {
	tr, clk := newTree(t), newClock()
	c := newCache(t, hot.Options{Now: clk.Now})
	for seq := range 2 {
		tr.publish(dir, recipe{seq: seq, plain: true}.make(t))
		load(t, c, tr, dir, true)
		clk.add(time.Second)
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 30_000 {
				client := fmt.Sprint(i, j)
				for _, name := range []string{repomdName, "repodata/primary.xml.gz"} {
					if _, ok := c.Lookup(path.Join(dir, name), client); !ok {
						t.Error("not found")
						return
					}
				}
			}
		})
	}
	wg.Wait()
	if n := hot.Pins(c); n > 1<<16 {
		t.Errorf("%d notes", n)
	}
	clk.add(time.Hour)
	if err := c.Prune(clk.Now()); err != nil || hot.Pins(c) != 0 {
		t.Errorf("%d notes after an hour, %v", hot.Pins(c), err)
	}
}
