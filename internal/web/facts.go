package web

import (
	"io"
	"net/http"

	"mirrorctl/mirror"
)

// Site is the part of the service that answers. The set is closed: it labels metrics.
type Site uint8

// The parts of the service.
const (
	SiteOther Site = iota // refused before anybody knew
	SiteMirrorlist
	SiteActive
	SiteArchive
	SiteCopr
	SiteUI
)

var siteNames = []string{"other", "mirrorlist", "active", "archive", "copr", "ui"}

// String is the label.
func (s Site) String() string { return siteNames[s] }

// Cache is what the memory of metadata did for a request. The set is closed: it labels metrics.
type Cache uint8

// What a cache does.
const (
	CacheNone Cache = iota // was not asked
	CacheHit
	CacheMiss
	CacheStale
)

var cacheNames = []string{"none", "hit", "miss", "stale"}

// String is the label.
func (c Cache) String() string { return cacheNames[c] }

// Facts is what a handler tells of its request, for metrics and the access log. The Edge has
// filled in Client; all else is the handler's to set, before it returns.
type Facts struct {
	Client  Client
	Site    Site
	Kind    mirror.Kind
	Cache   Cache
	Release mirror.Release // zero: of no release
	State   mirror.State
}

// FactsOf finds the facts of the request that w answers. A writer that is not the Edge's gives facts
// that nobody reads.
func FactsOf(w http.ResponseWriter) *Facts {
	for {
		switch v := w.(type) {
		case *recorder:
			return &v.facts
		case interface{ Unwrap() http.ResponseWriter }:
			w = v.Unwrap()
		default:
			return &Facts{}
		}
	}
}

// recorder notes status and bytes. It keeps what makes net/http's own writer fast and patient:
// ReadFrom, which is sendfile, and Unwrap, by which http.ResponseController reaches deadlines.
type recorder struct {
	http.ResponseWriter
	facts  Facts
	status int   // 0: nothing written yet
	bytes  int64 // of the body
	head   bool
}

func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.wrote(int64(n))
	return n, err
}

func (w *recorder) ReadFrom(src io.Reader) (n int64, err error) {
	if to, ok := w.ResponseWriter.(io.ReaderFrom); ok {
		n, err = to.ReadFrom(src)
	} else {
		n, err = io.Copy(w.ResponseWriter, src)
	}
	w.wrote(n)
	return n, err
}

func (w *recorder) wrote(n int64) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if !w.head { // net/http takes the body of a HEAD and drops it
		w.bytes += n
	}
}
