package site

import (
	"encoding/hex"
	"slices"

	"mirrorctl/mirror"
	"mirrorctl/mirror/index"
	"mirrorctl/redirect"
	"mirrorctl/repomd/hot"
)

// metadata is what the lists of one view know of files. trees are those that are open; none for a
// command, which knows of the index alone.
type metadata struct {
	view  *View
	trees func() []*tree
}

var _ redirect.Metadata = metadata{}

// Generations are the versions of a repository's repomd.xml, newest first: from the tree that answers for it or, while that one
// has not been looked at since the release moved, from the other: both hold the same bytes.
func (m metadata) Generations(dir mirror.Path, archive bool) []redirect.Generation {
	trees := m.trees()
	if archive {
		slices.Reverse(trees)
	}
	for _, t := range trees {
		if served := t.hot.Generations(dir.FS()); len(served) > 0 {
			return generations(served)
		}
	}
	return nil
}

func generations(served []hot.Generation) []redirect.Generation {
	all := make([]redirect.Generation, len(served))
	for i, g := range served {
		all[i].File = redirect.File{Timestamp: g.Timestamp, Size: g.Size, MD5: g.MD5, SHA1: g.SHA1, SHA256: g.SHA256, SHA512: g.SHA512}
		all[i].Since = g.LoadedAt
	}
	return all
}

// Entry tells what lies at p: in the root by the index, in the archive by the manifest.
func (m metadata) Entry(p mirror.Path, archive bool) (redirect.Entry, bool) {
	for _, t := range m.trees() {
		if (t.name == archiveTree) != archive {
			continue
		}
		if o, ok := t.hot.Lookup(string(p), ""); ok {
			return redirect.Entry{File: redirect.File{Timestamp: o.ModTime.Unix(), Size: o.Size, SHA256: hex.EncodeToString(o.SHA256[:])}}, true
		}
	}
	if archive {
		e, ok := m.view.archived(m.view.catalog.Resolve(p).Release, p)
		switch {
		case !ok:
			return redirect.Entry{}, false
		case e.Type == "dir":
			return redirect.Entry{Dir: true}, true
		}
		return redirect.Entry{File: redirect.File{Timestamp: e.ModTime().Unix(), Size: e.Size, SHA256: e.Sum.String()}}, true
	}
	if p == "" {
		return redirect.Entry{Dir: true}, true
	}
	e, ok := m.view.index.Stat(p)
	switch {
	case !ok:
		return redirect.Entry{}, false
	case e.Type == index.Dir:
		return redirect.Entry{Dir: true}, true
	}
	return redirect.Entry{File: redirect.File{Timestamp: e.ModTime().Unix(), Size: e.Size}}, true
}
