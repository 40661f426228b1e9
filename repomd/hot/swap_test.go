package hot_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mirrorctl/repomd"
	"mirrorctl/repomd/hot"
)

// Readers refresh without pause while a repository is published anew 1,000 times, pruned and
// squeezed into a budget that holds a fraction of it. Every file that a reader gets is the one
// that its repomd.xml lists, byte for byte. Half of the publishes are torn first.
func TestReadersDuringSwaps(t *testing.T) {
	for _, tt := range []struct {
		name  string
		dir   bool
		swaps int
		recipe
	}{
		{"held", false, 1000, recipe{pad: 2000}},
		{"kept", true, 250, recipe{pad: 2000}},
		{"kept, el5", true, 250, recipe{pad: 2000, plain: true, sum: "sha", signed: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr, clk := newTree(t), newClock()
			o := hot.Options{Now: clk.Now, Keep: 200 * time.Second, Budget: hot.NewBudget(20_000)}
			if tt.dir {
				o.Dir = scratch(t)
			}
			c := newCache(t, o)
			tr.publish(dir, tt.make(t))
			load(t, c, tr, dir, true)

			var stop atomic.Bool
			var reads, refreshes atomic.Int64
			var wg sync.WaitGroup
			for i := range 4 {
				wg.Go(func() {
					for n := 0; !stop.Load() && !t.Failed(); n++ {
						// A client that lives longer than 60 s would rightly meet un-hashed names of later
						// states; this clock runs 1 s a swap, so each refresh is a client of its own.
						k, err := refreshAll(c, fmt.Sprint(i, "-", n))
						if err != nil {
							t.Error(err)
						}
						reads.Add(int64(k))
						refreshes.Add(1)
						if used := o.Budget.Used(); used > o.Budget.Max() {
							t.Errorf("%d bytes in memory, the budget is %d", used, o.Budget.Max())
						}
					}
				})
			}
			for i := range tt.swaps {
				tt.seq++
				f := tt.make(t)
				if i%2 == 0 {
					tr.publish(dir, with(f, f.listed(t, "primary"), []byte("torn")))
					refuse(t, c, tr, dir, hot.WrongSize)
				}
				tr.publish(dir, f)
				clk.add(time.Second)
				load(t, c, tr, dir, true)
				if i%50 == 0 {
					if err := c.Prune(clk.Now()); err != nil {
						t.Fatal(err)
					}
				}
			}
			stop.Store(true)
			wg.Wait()
			t.Logf("%d files in %d refreshes over %d swaps; %+v", reads.Load(), refreshes.Load(), tt.swaps, c.Stats())
			if reads.Load() < 1000 {
				t.Errorf("only %d files were read", reads.Load())
			}
			if n := len(c.Generations(dir)); n > 260 {
				t.Errorf("%d generations", n)
			}
		})
	}
}

// refreshAll does what a client does: repomd.xml, then all that it lists, each checked.
func refreshAll(c *hot.Cache, client string) (reads int, err error) {
	o, ok := c.Lookup(path.Join(dir, repomdName), client)
	if !ok {
		return 0, errors.New("no repomd.xml")
	}
	raw, err := content(o)
	if err != nil {
		return 0, err
	}
	if o, ok := c.Lookup(path.Join(dir, signatureName), client); ok {
		if s, err := content(o); err != nil || string(s) != string(sign(raw)) {
			return 0, fmt.Errorf("the signature is of another repomd.xml (%v)", err)
		}
	}
	doc, err := repomd.Parse(raw)
	if err != nil {
		return 0, err
	}
	for _, d := range doc.Data {
		o, ok := c.Lookup(path.Join(dir, d.Href), client)
		if !ok {
			return reads, fmt.Errorf("%s of revision %s: not found", d.Href, doc.Revision)
		}
		data, err := content(o)
		if err != nil {
			return reads, err
		}
		h, err := repomd.NewHash(d.Checksum.Type)
		if err != nil {
			return reads, err
		}
		h.Write(data)
		if hex.EncodeToString(h.Sum(nil)) != d.Checksum.Hex {
			return reads, fmt.Errorf("%s of %s: not what repomd.xml of revision %s lists; in service is %s; %d pins", d.Href, o.Generation.Repomd.Revision, doc.Revision, c.Generations(dir)[0].Repomd.Revision, hot.Pins(c))
		}
		reads++
	}
	return reads, nil
}

// mover is a file system that runs a publisher between two reads.
type mover struct {
	fs.FS
	name string
	move func()
}

func (m *mover) Open(name string) (fs.File, error) {
	if name == m.name && m.move != nil {
		m.move()
		m.move = nil
	}
	return m.FS.Open(name)
}

// A publisher finishes while the files of the previous state are being read: those of that
// state were all right, but the state is no longer the repository.
func TestMovedWhileRead(t *testing.T) {
	for _, what := range []string{repomdName, signatureName} {
		t.Run(what, func(t *testing.T) {
			tr, c := newTree(t), newCache(t, hot.Options{Dir: scratch(t)})
			f := recipe{types: []string{"primary"}, signed: true}.make(t)
			next := recipe{seq: 1, signed: true}.make(t)
			tr.publish(dir, f)
			m := &mover{tr.fs(), path.Join(dir, f.listed(t, "primary")), func() { tr.put(dir, what, next[what]) }}
			_, err := c.Load(t.Context(), m, dir)
			var e *hot.Error
			if !errors.As(err, &e) || e.Reason != hot.Moved {
				t.Fatal(err)
			}
			if n := c.Stats(); n.Entries != 0 || n.Bytes != 0 {
				t.Errorf("the files of a state that was not taken are held: %+v", n)
			}
			tr.publish(dir, next)
			load(t, c, tr, dir, true)
			serves(t, c, dir, next, "client")
		})
	}
}

// What a client has open survives everything.
func TestOpenObjectSurvives(t *testing.T) {
	kinds(t, func(t *testing.T, o hot.Options) {
		tr := newTree(t)
		o.Budget = hot.NewBudget(1) // nothing in memory
		c := newCache(t, o)
		f := recipe{pad: 3 << 20}.make(t)
		tr.publish(dir, f)
		load(t, c, tr, dir, true)
		obj, ok := c.Lookup(path.Join(dir, f.listed(t, "primary")), "")
		if !ok || obj.Bytes() != nil {
			t.Fatal("in memory")
		}
		r, err := obj.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		tr.publish(dir, recipe{seq: 1}.make(t))
		if err := c.Remove(dir); err != nil {
			t.Fatal(err)
		}
		if err := c.Prune(time.Now()); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		if _, err := r.Seek(100, 0); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, obj.Size)
		n, _ := r.Read(buf)
		h.Write(buf[:n])
		if want := sha256.Sum256(f[f.listed(t, "primary")][100:]); n != int(obj.Size-100) || [32]byte(h.Sum(nil)) != want {
			t.Errorf("%d bytes, not those expected", n)
		}
	})
}

// Somebody's tool writes into the files of the tree: rsync --inplace, cp. Kept files are copies,
// so nothing happens to them; of held ones the damage is seen before a byte is served.
func TestOverwrittenInPlace(t *testing.T) {
	kinds(t, func(t *testing.T, o hot.Options) {
		for _, pad := range []int{0, 3 << 20} {
			tr := newTree(t)
			o.Budget = hot.NewBudget(1) // nothing in memory
			c := newCache(t, o)
			f := recipe{pad: pad}.make(t)
			tr.publish(dir, f)
			load(t, c, tr, dir, true)
			name := f.listed(t, "primary")
			obj := lookup(t, c, dir, name)
			if _, err := content(obj); err != nil {
				t.Fatal(err)
			}
			data := bytes.Clone(f[name])
			data[len(data)-1] ^= 1
			tr.put(dir, name, data)
			got, err := content(obj)
			if o.Dir != "" {
				sees(t, c, dir, name, "client", f[name])
				continue
			}
			if err == nil {
				t.Fatalf("served %d damaged bytes", len(got))
			}
			refuse(t, c, tr, dir, hot.WrongChecksum)
			tr.put(dir, name, f[name])
			load(t, c, tr, dir, true)
			serves(t, c, dir, f, "client")
		}
	})
}
