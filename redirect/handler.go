package redirect

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"mirrorctl/mirror"
)

// Lists answers /mirrorlist, /metalink and the static lists of the first generation. Whoever
// counts calls Answer, serves what it returns and counts it then; ServeHTTP is for whoever does not.
type Lists struct {
	// Snapshot returns the snapshot that this one request is answered from.
	Snapshot func() *Snapshot
	// ClientOf works out who asks: the only thing that depends on proxies.
	ClientOf func(*http.Request) Client
}

// Answer is what r gets. Any path that ends in /mirrorlist or /metalink is a list, for sites
// mount them below prefixes of their own.
func (l *Lists) Answer(r *http.Request) Answer {
	s, c := l.Snapshot(), l.ClientOf(r)
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/metalink"):
		return Metalink(s, ParseQuery(r.URL.RawQuery), c)
	case strings.HasSuffix(path, "/mirrorlist"):
		return Mirrorlist(s, ParseQuery(r.URL.RawQuery), c)
	default:
		if p, err := mirror.ParsePath(path); err == nil {
			if a, ok := Legacy(s, p, c); ok {
				return a
			}
		}
	}
	return Answer{
		Status: http.StatusNotFound, CacheControl: CacheList, Body: []byte("We don't serve their kind here!"),
		Kind: mirror.KindMirrorlist, Outcome: OutcomeNotList,
	}
}

// ServeHTTP answers r.
func (l *Lists) ServeHTTP(w http.ResponseWriter, r *http.Request) { l.Answer(r).ServeHTTP(w, r) }

// ServeHTTP writes a to w: HEAD gets the headers of GET, and If-None-Match a 304 where a is a list.
func (a Answer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	// A nil entry keeps net/http from guessing a type that the answer is not to have.
	h["Content-Type"] = nil
	if a.ContentType != "" {
		h.Set("Content-Type", a.ContentType)
	}
	h.Set("Cache-Control", a.CacheControl)
	if a.Location != "" {
		h.Set("Location", a.Location)
	}
	if a.Status == http.StatusOK {
		sum := sha256.Sum256(a.Body)
		h.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.Body))
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(a.Body)))
	w.WriteHeader(a.Status)
	if r.Method != http.MethodHead {
		w.Write(a.Body) // a client that has gone needs no answer
	}
}
