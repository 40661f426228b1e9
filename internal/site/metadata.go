package site

import (
	"encoding/hex"

	"mirrorctl/mirror"
	"mirrorctl/mirror/index"
	"mirrorctl/redirect"
)

// metadata is what lists know of files.
type metadata struct{ s *Site }

var _ redirect.Metadata = metadata{}

// Generations are the versions of a repository's repomd.xml, newest first.
func (m metadata) Generations(dir mirror.Path, archive bool) []redirect.Generation {
	served := m.s.generations(dir, archive)
	all := make([]redirect.Generation, len(served))
	for i, g := range served {
		all[i].File = redirect.File{Timestamp: g.Timestamp, Size: g.Size, MD5: g.MD5, SHA1: g.SHA1, SHA256: g.SHA256, SHA512: g.SHA512}
		all[i].Since = g.LoadedAt
	}
	return all
}

// Entry tells what lies at p: in the root by the index, in the archive by the manifest.
func (m metadata) Entry(p mirror.Path, archive bool) (redirect.Entry, bool) {
	t := &m.s.root
	if archive {
		t = &m.s.archive
	}
	if t.hot != nil {
		if o, ok := t.hot.Lookup(string(p), ""); ok {
			return redirect.Entry{File: redirect.File{Timestamp: o.ModTime.Unix(), Size: o.Size, SHA256: hex.EncodeToString(o.SHA256[:])}}, true
		}
	}
	if archive {
		v := m.s.View()
		e, ok := t.manifests.lookup(v, v.catalog.Resolve(p).Release, p)
		if !ok {
			return redirect.Entry{}, false
		}
		if e.Type == "dir" {
			return redirect.Entry{Dir: true}, true
		}
		return redirect.Entry{File: redirect.File{Timestamp: e.ModTime().Unix(), Size: e.Size, SHA256: e.Sum.String()}}, true
	}
	m.s.mu.Lock()
	x := m.s.index
	m.s.mu.Unlock()
	if p == "" {
		return redirect.Entry{Dir: true}, true
	}
	e, ok := x.Stat(p)
	switch {
	case !ok:
		return redirect.Entry{}, false
	case e.Type == index.Dir:
		return redirect.Entry{Dir: true}, true
	}
	return redirect.Entry{File: redirect.File{Timestamp: e.ModTime().Unix(), Size: e.Size}}, true
}
