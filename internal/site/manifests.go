package site

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"mirrorctl/archive"
	"mirrorctl/mirror"
)

// manifestRetry is how long a manifest that could not be read is left alone.
const manifestRetry = time.Minute

// manifests are those of archived releases. Each is read when it is first asked for, and forgotten
// when no release names it any more.
type manifests struct {
	state string
	log   *slog.Logger

	mu   sync.Mutex
	open map[string]*manifest // by Record.Manifest
}

// of gives the manifests that doc names, by release.
func (m *manifests) of(doc *mirror.Document) map[mirror.Release]*manifest {
	m.mu.Lock()
	defer m.mu.Unlock()
	named, byRelease := map[string]*manifest{}, map[mirror.Release]*manifest{}
	for r, rec := range doc.Releases {
		if rec.Manifest == "" {
			continue
		}
		one := m.open[rec.Manifest]
		if one == nil {
			one = &manifest{state: m.state, log: m.log, release: r, record: rec}
		}
		named[rec.Manifest], byRelease[r] = one, one
	}
	m.open = named
	return byRelease
}

// manifest is one manifest, read or not.
type manifest struct {
	state   string
	log     *slog.Logger
	release mirror.Release
	record  *mirror.Record

	read atomic.Pointer[archive.Manifest]

	mu    sync.Mutex // held while it is read
	retry time.Time  // not before
}

// lookup is what the archive says of p. A manifest that cannot be read is as good as none: the
// file itself still answers.
func (m *manifest) lookup(p mirror.Path) (archive.Entry, bool) {
	if m == nil {
		return archive.Entry{}, false
	}
	known := m.read.Load()
	if known == nil {
		if known = m.readOnce(); known == nil {
			return archive.Entry{}, false
		}
	}
	return known.Lookup(p)
}

// readOnce reads the manifest. All who ask meanwhile wait: an ETag that depended on who came first
// would break resumed downloads.
func (m *manifest) readOnce() *archive.Manifest {
	m.mu.Lock()
	defer m.mu.Unlock()
	if known := m.read.Load(); known != nil || time.Now().Before(m.retry) {
		return known
	}
	known, err := m.readFile()
	if err != nil {
		m.retry = time.Now().Add(manifestRetry)
		m.log.Warn("a manifest cannot be read; archived files are served without their checksums", "release", m.release.String(), "error", err)
		return nil
	}
	m.read.Store(known)
	return known
}

func (m *manifest) readFile() (*archive.Manifest, error) {
	var sum archive.Sum
	if err := sum.UnmarshalText([]byte(m.record.Manifest)); err != nil {
		return nil, err
	}
	name, err := archive.ManifestPath(m.state, m.record)
	if err != nil {
		return nil, err
	}
	return archive.OpenManifest(name, sum)
}
