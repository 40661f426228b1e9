package hot_test

import (
	"testing"
	"time"

	"mirrorctl/repomd/hot"
)

const keyName = "repodata/repomd.xml.key"

// A new signature of the same repomd.xml is taken once it is clear that no repomd.xml follows.
func TestResigned(t *testing.T) {
	for _, tt := range []struct {
		name   string
		signed bool // at first
	}{{"signed anew", true}, {"signed for the first time", false}} {
		t.Run(tt.name, func(t *testing.T) {
			tr, clk := newTree(t), newClock()
			o := hot.Options{Dir: scratch(t), Now: clk.Now}
			c := newCache(t, o)
			f := recipe{signed: tt.signed}.make(t)
			tr.publish(dir, f)
			load(t, c, tr, dir, true)
			loaded := c.Generations(dir)[0].LoadedAt

			clk.add(time.Hour)
			signature := sign([]byte("with another key"))
			tr.put(dir, signatureName, signature)
			refuse(t, c, tr, dir, hot.BadSignature)
			sees(t, c, dir, signatureName, "client", f[signatureName])
			clk.add(59 * time.Second)
			refuse(t, c, tr, dir, hot.BadSignature)
			tr.put(dir, signatureName, append(signature, '\n')) // written again: the wait begins again
			refuse(t, c, tr, dir, hot.BadSignature)
			clk.add(time.Minute)
			load(t, c, tr, dir, true)
			for _, client := range []string{"client", "another"} {
				sees(t, c, dir, signatureName, client, append(signature, '\n'))
			}
			if g := c.Generations(dir); len(g) != 1 || !g[0].LoadedAt.Equal(loaded) {
				t.Errorf("one repomd.xml, in service since %v: %+v", loaded, g)
			}
			serves(t, newCache(t, o), dir, with(f, signatureName, append(signature, '\n')), "client")
		})
	}
}

func with(f files, name string, data []byte) files {
	out := files{name: data}
	for n, d := range f {
		if n != name {
			out[n] = d
		}
	}
	return out
}

// The signature alone came first; then its repomd.xml.
func TestSignatureFirst(t *testing.T) {
	tr, c := newTree(t), newCache(t, hot.Options{Now: newClock().Now})
	old, next := recipe{signed: true}.make(t), recipe{seq: 1, signed: true}.make(t)
	tr.publish(dir, old)
	load(t, c, tr, dir, true)
	tr.put(dir, signatureName, next[signatureName])
	refuse(t, c, tr, dir, hot.BadSignature)
	tr.publish(dir, next)
	load(t, c, tr, dir, true)
	serves(t, c, dir, next, "client")
}

// A repository that is no longer signed is taken when an operator says so, and only then.
func TestUnsigned(t *testing.T) {
	tr, clk := newTree(t), newClock()
	c := newCache(t, hot.Options{AllowRollback: true, Now: clk.Now})
	tr.publish(dir, recipe{signed: true}.make(t))
	load(t, c, tr, dir, true)
	next := recipe{seq: 1}.make(t)
	tr.publish(dir, next)
	refuse(t, c, tr, dir, hot.BadSignature)
	c.Accept(dir)
	load(t, c, tr, dir, true)
	serves(t, c, dir, next, "client")
	sees(t, c, dir, signatureName, "client", nil) // the old one would not fit
	clk.add(time.Hour)
	sees(t, c, dir, signatureName, "client", nil)
}

// zypper asks for the key; it comes and goes without ado.
func TestKey(t *testing.T) {
	tr, c := newTree(t), newCache(t, hot.Options{Now: newClock().Now})
	f := recipe{signed: true}.make(t)
	tr.publish(dir, f)
	load(t, c, tr, dir, true)
	sees(t, c, dir, keyName, "client", nil)
	tr.put(dir, keyName, []byte("a key"))
	load(t, c, tr, dir, true)
	sees(t, c, dir, keyName, "client", []byte("a key"))
	tr.remove(dir, keyName)
	load(t, c, tr, dir, true)
	sees(t, c, dir, keyName, "client", nil)
}

func TestSignatureTooLarge(t *testing.T) {
	tr, c := newTree(t), newCache(t, hot.Options{})
	tr.publish(dir, recipe{}.make(t))
	tr.put(dir, signatureName, make([]byte, 1<<20))
	refuse(t, c, tr, dir, hot.Malformed)
}
