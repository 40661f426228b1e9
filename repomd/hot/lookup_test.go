package hot_test

import (
	"fmt"
	"path"
	"strings"
	"testing"
	"time"

	"mirrorctl/repomd/hot"
)

func FuzzLookup(f *testing.F) {
	tr, c := newTree(f), newCache(f, hot.Options{})
	for i, repo := range []string{".", "a", "a/b", "odd"} {
		state := recipe{seq: i, plain: i%2 == 1, signed: true}.make(f)
		if repo == "odd" {
			state["x/y.gz"] = state["repodata/group.xml.gz"]
			state[repomdName] = []byte(strings.Replace(string(state[repomdName]), "repodata/group.xml.gz", "x/y.gz", 1))
			state[signatureName] = sign(state[repomdName])
		}
		tr.publish(repo, state)
		load(f, c, tr, repo, true)
		for name := range state {
			f.Add(path.Join(repo, name), "client")
		}
	}
	for _, name := range []string{"", "/", "//", "repodata", "a/repodata/", "a//repodata/repomd.xml", "repodata/repodata/repomd.xml", "odd/x/../x/y.gz"} {
		f.Add(name, "")
	}
	f.Fuzz(func(t *testing.T, name, client string) {
		if o, ok := c.Lookup(name, client); ok && o.Name != name {
			t.Errorf("%q is answered by %q", name, o.Name)
		}
		c.Repository(name)
	})
}

func TestLookupAllocatesNothing(t *testing.T) {
	tr, clk := newTree(t), newClock()
	c := newCache(t, hot.Options{Now: clk.Now})
	var names []string
	for seq := range 2 {
		f := recipe{seq: seq, signed: true}.make(t)
		tr.publish(dir, f)
		load(t, c, tr, dir, true)
		clk.add(time.Hour)
		names = append(names, path.Join(dir, f.listed(t, "primary")))
	}
	names = append(names, path.Join(dir, repomdName), path.Join(dir, signatureName), "free/fedora/updates/43/x86_64/v/vlc.rpm")
	if n := testing.AllocsPerRun(100, func() {
		for _, name := range names {
			if o, ok := c.Lookup(name, "client"); ok {
				o.Bytes()
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// site fills a cache with repositories of an RPM Fusion-like site.
func site(b *testing.B, c *hot.Cache, repos int) (names []string) {
	b.Helper()
	tr := newTree(b)
	for i := range repos {
		repo := fmt.Sprintf("free/fedora/updates/%d/x86_64", i)
		for seq := range 2 {
			f := recipe{seq: 2*i + seq, types: []string{"primary", "filelists", "other", "group", "updateinfo"}, pad: 500}.make(b)
			tr.publish(repo, f)
			load(b, c, tr, repo, true)
			for name := range f {
				names = append(names, path.Join(repo, name))
			}
		}
	}
	return names
}

func BenchmarkLookup(b *testing.B) {
	c := newCache(b, hot.Options{})
	names := site(b, c, 500)
	for _, bb := range []struct {
		name string
		pick func(string) bool
	}{
		{"repomd", func(n string) bool { return path.Base(n) == "repomd.xml" }},
		{"hashed", func(n string) bool { return path.Base(n) != "repomd.xml" }},
	} {
		var some []string
		for _, n := range names {
			if bb.pick(n) {
				some = append(some, n)
			}
		}
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					o, ok := c.Lookup(some[i%len(some)], "192.0.2.1 libdnf")
					if !ok || o.Bytes() == nil {
						b.Error("not in memory")
						return
					}
				}
			})
		})
	}
	b.Run("absent", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := c.Lookup("free/fedora/updates/7/x86_64/v/vlc-3.0.21-5.fc43.x86_64.rpm", ""); ok {
				b.Fatal("found")
			}
		}
	})
}

// BenchmarkStart is New with the generations of 500 repositories, two each.
func BenchmarkStart(b *testing.B) {
	o := hot.Options{Dir: scratch(b)}
	c := newCache(b, o)
	site(b, c, 500)
	c.Close()
	for b.Loop() {
		c := newCache(b, o)
		if c.Stats().Repositories != 500 || c.Stats().BadRecords != 0 {
			b.Fatalf("%+v", c.Stats())
		}
		c.Close()
	}
}

// BenchmarkLoadUnchanged is what a tick costs for each repository.
func BenchmarkLoadUnchanged(b *testing.B) {
	tr, c := newTree(b), newCache(b, hot.Options{Now: newClock().Now})
	tr.publish(dir, recipe{}.make(b))
	load(b, c, tr, dir, true)
	fsys := tr.fs()
	for b.Loop() {
		if changed, err := c.Load(b.Context(), fsys, dir); changed || err != nil {
			b.Fatal(changed, err)
		}
	}
}
