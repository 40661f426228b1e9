package hot_test

import (
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"mirrorctl/repomd/hot"
)

// kinds are the two ways a cache secures bytes.
func kinds(t *testing.T, test func(t *testing.T, o hot.Options)) {
	t.Run("kept", func(t *testing.T) { test(t, hot.Options{Dir: scratch(t), Now: newClock().Now}) })
	t.Run("held", func(t *testing.T) { test(t, hot.Options{Now: newClock().Now}) })
}

func TestLoad(t *testing.T) {
	for _, tt := range []struct {
		name string
		recipe
	}{
		{"fedora", recipe{}},
		{"el5: un-hashed names, sha", recipe{plain: true, sum: "sha"}},
		{"el5: hashed names, sha", recipe{sum: "sha"}},
		{"md5", recipe{sum: "md5"}},
		{"sha512", recipe{sum: "sha512"}},
		{"signed", recipe{signed: true}},
		{"unknown types", recipe{types: []string{"primary", "susedata.DE", "x-from-the-future"}}},
		{"no sizes", recipe{noSize: true}},
		{"a file too large to be read at once", recipe{pad: 3 << 20}},
		{"xml:base leads elsewhere", recipe{extra: `<data type="other"><checksum type="md5">d41d8cd98f00b204e9800998ecf8427e</checksum>
			<location xml:base="http://elsewhere.example/" href="repodata/other.xml.gz"/></data>`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			kinds(t, func(t *testing.T, o hot.Options) {
				tr, c := newTree(t), newCache(t, o)
				for seq := range 3 {
					tt.seq = seq
					f := tt.make(t)
					tr.publish(dir, f)
					load(t, c, tr, dir, true)
					load(t, c, tr, dir, false)
					serves(t, c, dir, f, "client")
				}
				sees(t, c, dir, "repodata/other.xml.gz", "client", nil)
				if s := statusOf(t, c, dir); !s.Consistent || s.Generations != 3 || s.Swaps != 3 || s.Err != nil || s.Note != "" {
					t.Errorf("status %+v", s)
				}
			})
		})
	}
}

func TestObject(t *testing.T) {
	tr, c := newTree(t), newCache(t, hot.Options{Dir: scratch(t)})
	f := recipe{plain: false, signed: true}.make(t)
	tr.publish(dir, f)
	when := time.Date(2016, 11, 22, 7, 8, 9, 0, time.UTC)
	name := f.listed(t, "primary")
	tr.must(os.Chtimes(tr.path(dir, name), when, when))
	load(t, c, tr, dir, true)
	o, _ := c.Lookup(path.Join(dir, name), "")
	if !o.Immutable || !o.ModTime.Equal(when) || o.LastModified != "Tue, 22 Nov 2016 07:08:09 GMT" ||
		o.ETag != `"`+hex.EncodeToString(o.SHA256[:])+`"` || o.Generation.Dir != dir {
		t.Errorf("object %+v", o)
	}
	for _, name := range []string{repomdName, signatureName} {
		if o, ok := c.Lookup(path.Join(dir, name), ""); !ok || o.Immutable || o.Bytes() == nil {
			t.Errorf("%s: %v, %+v", name, ok, o)
		}
	}
}

func TestGenerations(t *testing.T) {
	tr, c := newTree(t), newCache(t, hot.Options{Now: newClock().Now})
	if g := c.Generations(dir); g != nil {
		t.Fatalf("before the first load: %v", g)
	}
	var raws []string
	for seq := range 3 {
		f := recipe{seq: seq}.make(t)
		raws = append([]string{string(f[repomdName])}, raws...)
		tr.publish(dir, f)
		load(t, c, tr, dir, true)
	}
	all := c.Generations(dir)
	if len(all) != 3 {
		t.Fatalf("%d generations", len(all))
	}
	for i, g := range all {
		sum := sha512.Sum512([]byte(raws[i]))
		if string(g.Repomd.Raw) != raws[i] || g.SHA512 != hex.EncodeToString(sum[:]) || g.Size != int64(len(raws[i])) ||
			g.Timestamp != int64(1_600_000_002-i) || len(g.MD5) != 32 || len(g.SHA1) != 40 || len(g.SHA256) != 64 {
			t.Errorf("generation %d: %+v", i, g)
		}
		if i > 0 && !g.LoadedAt.Before(all[i-1].LoadedAt) {
			t.Errorf("generation %d is not older than the one before", i)
		}
	}
}

// A touched or copied repomd.xml with the same bytes is no new generation.
func TestLoadSameBytes(t *testing.T) {
	tr, c := newTree(t), newCache(t, hot.Options{Now: newClock().Now})
	f := recipe{}.make(t)
	tr.publish(dir, f)
	load(t, c, tr, dir, true)
	tr.publish(dir, f) // other inodes and times
	load(t, c, tr, dir, false)
}

// Within the tick of a file system's clock a second write may leave size and times as they were.
func TestLoadNoticesQuickRewrite(t *testing.T) {
	tr, c := newTree(t), newCache(t, hot.Options{}) // with the real clock: the files are seconds old at most
	a, b := recipe{seq: 1}.make(t), recipe{seq: 2}.make(t)
	tr.publish(dir, a)
	for name, data := range b {
		if name != repomdName {
			tr.put(dir, name, data)
		}
	}
	when := time.Now()
	tr.must(os.Chtimes(tr.path(dir, repomdName), when, when))
	fsys := sameCtime{tr.fs()}
	if changed, err := c.Load(t.Context(), fsys, dir); err != nil || !changed {
		t.Fatal(changed, err)
	}
	tr.put(dir, repomdName, b[repomdName]) // of the same size
	tr.must(os.Chtimes(tr.path(dir, repomdName), when, when))
	if changed, err := c.Load(t.Context(), fsys, dir); err != nil || !changed {
		t.Fatalf("the second write went unnoticed: %v, %v", changed, err)
	}
	serves(t, c, dir, b, "client")
}

// sameCtime is a file system without change times and inodes.
type sameCtime struct{ fs.FS }

func (s sameCtime) Stat(name string) (fs.FileInfo, error) {
	info, err := fs.Stat(s.FS, name)
	return bare{info}, err
}

type bare struct{ fs.FileInfo }

func (b bare) Sys() any { return nil }

func TestLoadOddPlaces(t *testing.T) {
	move := func(f files, prefix string) files { // list every file elsewhere
		out := files{}
		for name, data := range f {
			if name != repomdName {
				name = strings.Replace(name, "repodata/", prefix, 1)
			}
			out[name] = data
		}
		out[repomdName] = []byte(strings.ReplaceAll(string(f[repomdName]), `href="repodata/`, `href="`+prefix))
		return out
	}
	for _, tt := range []struct{ name, repo, prefix string }{
		{"root of the tree", ".", "repodata/"},
		{"beside repodata", dir, "meta/"},
		{"below repodata", dir, "repodata/x/y/"},
		{"in the repository itself", dir, ""},
		{"root and beside", ".", "meta/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr, c := newTree(t), newCache(t, hot.Options{})
			f := move(recipe{}.make(t), tt.prefix)
			tr.publish(tt.repo, f)
			load(t, c, tr, tt.repo, true)
			serves(t, c, tt.repo, f, "client")
			for _, name := range []string{"", "x", "/", "repodata", "repodata/", "a/repodata/repomd.xml", dir, dir + "/x.rpm", dir + "/repodata/x"} {
				if o, ok := c.Lookup(name, ""); ok {
					t.Errorf("%q is %+v", name, o)
				}
			}
			if got, ok := c.Repository(path.Join(tt.repo, repomdName)); !ok || got != tt.repo {
				t.Errorf("Repository: %q, %v", got, ok)
			}
		})
	}
}

func TestLoadNestedRepositories(t *testing.T) {
	tr, c := newTree(t), newCache(t, hot.Options{})
	outer, inner := recipe{seq: 1}.make(t), recipe{seq: 2}.make(t)
	tr.publish("a", outer)
	tr.publish("a/debug", inner)
	load(t, c, tr, "a", true)
	load(t, c, tr, "a/debug", true)
	serves(t, c, "a", outer, "client")
	serves(t, c, "a/debug", inner, "client")
}

func TestLoadBadArguments(t *testing.T) {
	c := newCache(t, hot.Options{})
	for _, dir := range []string{"", "/a", "a/../b", "a/"} {
		if _, err := c.Load(t.Context(), fstest.MapFS{}, dir); err == nil {
			t.Errorf("%q was taken", dir)
		}
	}
	if s := c.Status(); len(s) != 0 {
		t.Errorf("status %+v", s)
	}
}

// A named pipe under the name of a listed file would hang whoever opens it.
func TestLoadSpecialFiles(t *testing.T) {
	tr, c := newTree(t), newCache(t, hot.Options{})
	f := recipe{}.make(t)
	tr.publish(dir, f)
	name := f.listed(t, "primary")
	tr.remove(dir, name)
	tr.must(syscall.Mkfifo(tr.path(dir, name), 0o644))
	refuse(t, c, tr, dir, hot.Unreadable)
	tr.remove(dir, name)
	tr.must(os.Mkdir(tr.path(dir, name), 0o755))
	refuse(t, c, tr, dir, hot.Unreadable)
}

// A load that is told to stop says nothing about the repository.
func TestLoadCanceled(t *testing.T) {
	tr, c := newTree(t), newCache(t, hot.Options{})
	tr.publish(dir, recipe{}.make(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Load(ctx, tr.fs(), dir); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if s := statusOf(t, c, dir); s.Err != nil || c.Stats().Failures != 0 {
		t.Errorf("status %+v", s)
	}
	load(t, c, tr, dir, true)
}

// gate is a file system whose first Open of a listed file waits.
type gate struct {
	fs.FS
	once             *sync.Once
	entered, release chan struct{}
}

func (g gate) Open(name string) (fs.File, error) {
	if strings.HasSuffix(name, ".gz") {
		g.once.Do(func() { close(g.entered); <-g.release })
	}
	return g.FS.Open(name)
}

// Many who ask for one repository cost two looks: the one that runs, and one for all who came
// later, since the publisher may have gone on meanwhile. One who gives up takes nobody along.
func TestLoadSharesWork(t *testing.T) {
	tr, c := newTree(t), newCache(t, hot.Options{})
	f := recipe{}.make(t)
	tr.publish(dir, f)
	synctest.Test(t, func(t *testing.T) {
		g := gate{tr.fs(), new(sync.Once), make(chan struct{}), make(chan struct{})}
		var wg sync.WaitGroup
		var changes atomic.Int32
		ask := func() {
			changed, err := c.Load(t.Context(), g, dir)
			if err != nil {
				t.Error(err)
			}
			if changed {
				changes.Add(1)
			}
		}
		wg.Go(ask)
		<-g.entered
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		wg.Go(func() { // it is the first to wait, so it would lead the second look
			if _, err := c.Load(impatient, g, dir); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a caller without patience waited: %v", err)
			}
		})
		synctest.Wait()
		for range 20 {
			wg.Go(ask)
		}
		synctest.Wait()
		<-impatient.Done()
		synctest.Wait()
		close(g.release)
		wg.Wait()
		if n := changes.Load(); n != 1 {
			t.Errorf("%d callers were told of a change", n)
		}
		if n := c.Stats().Coalesced; n != 19 { // of the twenty one led
			t.Errorf("%d calls shared the work of another, want 19", n)
		}
	})
	serves(t, c, dir, f, "client")
}
