package site

import (
	"sync"

	"mirrorctl/archive"
	"mirrorctl/mirror"
)

// manifests are those of archived releases, each read when it is first asked for.
type manifests struct {
	state, store string
	mu           sync.Mutex // guards open
	open         map[string]*archive.Manifest
}

func newManifests(state, store string) *manifests {
	return &manifests{state: state, store: store, open: map[string]*archive.Manifest{}}
}

// lookup is what the archive says of p. A manifest that cannot be read is as good as none: the
// file itself still answers.
func (m *manifests) lookup(v *View, r mirror.Release, p mirror.Path) (archive.Entry, bool) {
	rec := v.doc.Releases[r]
	if rec == nil || rec.Manifest == "" {
		return archive.Entry{}, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	opened, tried := m.open[rec.Manifest]
	if !tried {
		opened = m.read(rec)
		m.open[rec.Manifest] = opened
	}
	if opened == nil {
		return archive.Entry{}, false
	}
	return opened.Lookup(p)
}

func (m *manifests) read(rec *mirror.Record) *archive.Manifest {
	var sum archive.Sum
	if sum.UnmarshalText([]byte(rec.Manifest)) != nil {
		return nil
	}
	name, err := archive.ManifestPath(m.state, rec)
	if err != nil {
		return nil
	}
	opened, err := archive.OpenManifest(name, sum)
	if err != nil {
		return nil
	}
	return opened
}
