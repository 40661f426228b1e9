package hot_test

import (
	"bytes"
	"os"
	"slices"
	"testing"

	"mirrorctl/repomd/hot"
)

// Each case leaves a repository as some publisher leaves it for a moment, or as an accident
// leaves it for good. The state before is served whole, and the state after is taken as soon as it is whole.
func TestTorn(t *testing.T) {
	type states struct {
		tree
		old, new files
	}
	for _, tt := range []struct {
		name string
		recipe
		tear func(states)
		want hot.Reason
	}{
		{"createrepo_c moved repodata away", recipe{}, func(s states) {
			s.must(os.Rename(s.path(dir, "repodata"), s.path(dir, ".repodata.old")))
		}, hot.Missing},
		{"createrepo_c has moved in a repodata, empty as yet", recipe{}, func(s states) {
			s.must(os.RemoveAll(s.path(dir, "repodata")))
			s.must(os.Mkdir(s.path(dir, "repodata"), 0o755))
		}, hot.Missing},
		{"rsync brought repomd.xml before its files", recipe{}, func(s states) {
			s.put(dir, repomdName, s.new[repomdName])
		}, hot.Missing},
		{"rsync --delete removed old files, then brought repomd.xml", recipe{}, func(s states) {
			for name := range s.old {
				s.remove(dir, name)
			}
			s.put(dir, repomdName, s.new[repomdName])
		}, hot.Missing},
		{"one file missing", recipe{}, func(s states) {
			s.publish(dir, s.new)
			s.remove(dir, s.new.listed(s.t, "filelists"))
		}, hot.Missing},
		{"one file cut short", recipe{}, func(s states) {
			s.publish(dir, s.new)
			name := s.new.listed(s.t, "primary")
			s.put(dir, name, s.new[name][:10])
		}, hot.WrongSize},
		{"one file longer", recipe{}, func(s states) {
			s.publish(dir, s.new)
			name := s.new.listed(s.t, "primary")
			s.put(dir, name, append(slices.Clip(s.new[name]), "tail"...))
		}, hot.WrongSize},
		{"one file longer, no sizes listed", recipe{noSize: true}, func(s states) {
			s.publish(dir, s.new)
			name := s.new.listed(s.t, "primary")
			s.put(dir, name, append(slices.Clip(s.new[name]), "tail"...))
		}, hot.WrongChecksum},
		{"one byte flipped", recipe{}, func(s states) {
			s.publish(dir, s.new)
			name := s.new.listed(s.t, "primary")
			data := bytes.Clone(s.new[name])
			data[3] ^= 1
			s.put(dir, name, data)
		}, hot.WrongChecksum},
		{"one byte flipped far inside a large file", recipe{pad: 3 << 20}, func(s states) {
			s.publish(dir, s.new)
			name := s.new.listed(s.t, "primary")
			data := bytes.Clone(s.new[name])
			data[2<<20] ^= 1
			s.put(dir, name, data)
		}, hot.WrongChecksum},
		{"el5: new repomd.xml, old primary.xml.gz", recipe{plain: true, sum: "sha"}, func(s states) {
			s.put(dir, repomdName, s.new[repomdName])
		}, hot.WrongChecksum},
		{"repomd.xml empty", recipe{}, func(s states) { s.put(dir, repomdName, nil) }, hot.Malformed},
		{"repomd.xml truncated in a tag", recipe{}, func(s states) {
			s.publish(dir, s.new)
			s.put(dir, repomdName, s.new[repomdName][:len(s.new[repomdName])/2])
		}, hot.Malformed},
		{"repomd.xml truncated before its last tag", recipe{}, func(s states) {
			s.publish(dir, s.new)
			s.put(dir, repomdName, bytes.TrimSuffix(s.new[repomdName], []byte("</repomd>\n")))
		}, hot.Malformed},
		{"repomd.xml is a web page", recipe{}, func(s states) {
			s.put(dir, repomdName, []byte("<html><body>Index of /</body></html>"))
		}, hot.Malformed},
		{"repomd.xml lists nothing", recipe{}, func(s states) {
			s.put(dir, repomdName, []byte("<repomd></repomd>"))
		}, hot.Malformed},
		{"repomd.xml lists itself", recipe{}, func(s states) {
			s.put(dir, repomdName, bytes.Replace(s.new[repomdName], []byte(s.new.listed(s.t, "primary")), []byte(repomdName), 1))
		}, hot.Malformed},
		{"repomd.xml leaves the repository", recipe{}, func(s states) {
			s.put(dir, repomdName, bytes.Replace(s.new[repomdName], []byte("repodata/"), []byte("../../x/"), 1))
		}, hot.Malformed},
		{"a file is listed without checksum", recipe{}, func(s states) {
			doc := recipe{seq: 1, extra: `<data type="x"><location href="repodata/x"/></data>`}.make(s.t)
			s.publish(dir, doc)
			s.put(dir, "repodata/x", nil)
		}, hot.Unchecked},
		{"an older state is played back", recipe{}, func(s states) {
			s.publish(dir, recipe{seq: -1}.make(s.t))
		}, hot.Rollback},
		{"published, not signed yet", recipe{signed: true}, func(s states) {
			s.publish(dir, s.new)
			s.remove(dir, signatureName)
		}, hot.BadSignature},
		{"rsync brought repomd.xml, but not its signature", recipe{signed: true}, func(s states) {
			s.publish(dir, s.new)
			s.put(dir, signatureName, s.old[signatureName])
		}, hot.BadSignature},
		{"the signature came first", recipe{signed: true}, func(s states) {
			s.put(dir, signatureName, s.new[signatureName])
		}, hot.BadSignature},
		{"the signature is being written", recipe{signed: true}, func(s states) {
			s.publish(dir, s.new)
			s.put(dir, signatureName, s.new[signatureName][:60])
		}, hot.BadSignature},
		{"the signature is created, not written", recipe{signed: true}, func(s states) {
			s.publish(dir, s.new)
			s.put(dir, signatureName, nil)
		}, hot.BadSignature},
	} {
		t.Run(tt.name, func(t *testing.T) {
			kinds(t, func(t *testing.T, o hot.Options) {
				tr, c := newTree(t), newCache(t, o)
				old := tt.make(t)
				tt.seq++
				s := states{tr, old, tt.make(t)}
				tr.publish(dir, s.old)
				load(t, c, tr, dir, true)
				tt.tear(s)
				for range 2 { // again, though nothing has changed since
					refuse(t, c, tr, dir, tt.want)
					serves(t, c, dir, s.old, "client")
				}
				st := statusOf(t, c, dir)
				if st.Consistent || st.Err == nil || st.Err.Reason != tt.want || st.Generations != 1 || st.Since.IsZero() {
					t.Errorf("status %+v", st)
				}
				if n := c.Stats().Failures; n != 2 {
					t.Errorf("%d failures counted", n)
				}
				tr.publish(dir, s.new)
				load(t, c, tr, dir, true)
				serves(t, c, dir, s.new, "client")
				if st := statusOf(t, c, dir); !st.Consistent || st.Err != nil {
					t.Errorf("status afterwards %+v", st)
				}
			})
		})
	}
}

// What is torn when it is first seen is not served at all.
func TestTornAtFirst(t *testing.T) {
	tr, c := newTree(t), newCache(t, hot.Options{Dir: scratch(t)})
	f := recipe{}.make(t)
	tr.publish(dir, f)
	tr.remove(dir, f.listed(t, "group"))
	refuse(t, c, tr, dir, hot.Missing)
	for name := range f {
		sees(t, c, dir, name, "client", nil)
	}
	if _, ok := c.Repository(dir + "/" + repomdName); ok || c.Generations(dir) != nil {
		t.Error("it is in service")
	}
	if s := statusOf(t, c, dir); s.Consistent || s.Generations != 0 || s.Err.Reason != hot.Missing {
		t.Errorf("status %+v", s)
	}
}

// The tree goes back to the state that is in service: all is well again.
func TestTornAndBack(t *testing.T) {
	tr, c := newTree(t), newCache(t, hot.Options{})
	f := recipe{}.make(t)
	tr.publish(dir, f)
	load(t, c, tr, dir, true)
	tr.remove(dir, repomdName)
	refuse(t, c, tr, dir, hot.Missing)
	tr.put(dir, repomdName, f[repomdName])
	load(t, c, tr, dir, false)
	if s := statusOf(t, c, dir); !s.Consistent {
		t.Errorf("status %+v", s)
	}
}

func TestRollback(t *testing.T) {
	for _, tt := range []struct {
		name  string
		allow bool
		meant func(*hot.Cache)
	}{
		{"allowed for all", true, func(*hot.Cache) {}},
		{"accepted by an operator", false, func(c *hot.Cache) { c.Accept(dir) }},
		{"removed by an operator", false, func(c *hot.Cache) {
			if err := c.Remove(dir); err != nil {
				t.Error(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr, c := newTree(t), newCache(t, hot.Options{AllowRollback: tt.allow, Now: newClock().Now})
			old, newer := recipe{seq: 1}.make(t), recipe{seq: 2}.make(t)
			tr.publish(dir, newer)
			load(t, c, tr, dir, true)
			tr.publish(dir, old)
			if !tt.allow {
				refuse(t, c, tr, dir, hot.Rollback)
			}
			tt.meant(c)
			load(t, c, tr, dir, true)
			serves(t, c, dir, old, "client")
			// Once meant is not always meant.
			tr.publish(dir, recipe{seq: 0}.make(t))
			if !tt.allow {
				refuse(t, c, tr, dir, hot.Rollback)
			}
			// Back and forth: each repomd.xml is one generation, never two.
			tr.publish(dir, newer)
			load(t, c, tr, dir, true)
			if want := len(c.Generations(dir)); want > 2 {
				t.Errorf("%d generations", want)
			}
		})
	}
}
