package site

import (
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"syscall"

	"mirrorctl/internal/web"
	"mirrorctl/mirror"
	"mirrorctl/redirect"
)

// Files answers every path that is no list and no page: the root, and the archive below its own
// prefix or host.
func (s *Site) Files(w http.ResponseWriter, r *http.Request) error {
	facts := web.FactsOf(w)
	facts.Site = web.SiteActive
	if err := web.CheckMethod(r); err != nil {
		return err
	}
	p, slash, err := web.CheckPath(r)
	if err != nil {
		return err
	}
	v := s.View()
	if !slash && s.legacy(v, w, r, p, facts) {
		return nil
	}
	for {
		err := s.answer(v, w, r, p, slash, facts)
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		// The file may be gone because its release moved after this request took its view.
		newest := s.newest(r.Context())
		if newest == v {
			return err
		}
		v = newest
	}
}

// errNoArchive is for files whose one place is the archive, while its directory is not there.
var errNoArchive = &web.Problem{Status: http.StatusServiceUnavailable, Reason: "not_ready", Text: "the archive is not there now"}

// answer answers one request from one view. With fs.ErrNotExist nothing has been written.
func (s *Site) answer(v *View, w http.ResponseWriter, r *http.Request, asked mirror.Path, slash bool, facts *web.Facts) error {
	p, archive := v.places.inArchive(r.Host, asked)
	p, found := v.resolve(p)
	facts.Site, facts.Kind, facts.Release, facts.State = web.SiteActive, found.Kind, found.Release, found.State
	if archive {
		facts.Site = web.SiteArchive
	}
	scheme := schemeOf(facts.Client.Scheme)
	d := redirect.Decide(v.targets, redirect.Request{Path: p, Slash: slash, Found: found, Scheme: scheme, Archive: archive})
	t := s.root
	switch d.Action {
	case redirect.NotFound:
		return fs.ErrNotExist
	case redirect.Redirect:
		if trace := v.traces[d.Release]; trace != nil {
			trace.redirects.count(d.Result)
		}
		return moved(w, http.StatusFound, d.Location, d.CacheControl)
	case redirect.ServeArchive:
		switch t = s.store.Load(); {
		case t == nil && found.State.FromArchive():
			return errNoArchive
		case t == nil:
			return fs.ErrNotExist
		}
	}
	if slash {
		facts.Kind = mirror.KindListing
		entries, err := t.list(r.Context(), p)
		if err != nil {
			return outside(err)
		}
		return web.WriteListing(w, r, asked, entries)
	}
	c, cache, err := t.content(v, p, found, v.clientKey(r, facts.Client))
	switch {
	case errors.Is(err, errDirectory):
		facts.Kind = mirror.KindListing
		return moved(w, http.StatusMovedPermanently, v.addressOf(scheme, archive, p), cacheRevalidate)
	case err != nil:
		return outside(err)
	}
	facts.Cache = cache
	if !archive && found.Known {
		s.lastRootOf(v, found.Release).note()
	}
	return web.ServeContent(w, r, c)
}

// lastRootOf is where answers from the root are noted for a release. One that the view does not know yet, in a directory that
// has only just come, has its place too.
func (s *Site) lastRootOf(v *View, r mirror.Release) *rootTime {
	if trace := v.traces[r]; trace != nil {
		return trace.root
	}
	return s.last.of(r)
}

// addressOf is the canonical address of a directory.
func (v *View) addressOf(scheme redirect.Scheme, archive bool, p mirror.Path) string {
	if archive {
		return v.targets.ArchiveURL(scheme, p, true)
	}
	return v.targets.PublicURL(scheme, p, true)
}

var noLength = []string{"0"}

// moved sends the client on. The body is empty: nobody reads it, and a loop of old clients would pay for it.
func moved(w http.ResponseWriter, status int, location, cacheControl string) error {
	h, values := w.Header(), []string{location, cacheControl}
	h["Location"] = values[0:1:1]
	h["Content-Length"] = noLength
	h["Cache-Control"] = values[1:2:2]
	w.WriteHeader(status)
	return nil
}

// outside makes a 404 of a symbolic link that leads out of the tree, or nowhere: what lies there is not ours to serve, and
// package managers take a 403 for a reason to stop.
func outside(err error) error {
	var p *fs.PathError
	if errors.Is(err, syscall.ELOOP) || errors.As(err, &p) && strings.Contains(p.Err.Error(), "escapes") {
		return fs.ErrNotExist
	}
	return err
}

func schemeOf(s string) redirect.Scheme {
	if s == "https" {
		return redirect.HTTPS
	}
	return redirect.HTTP
}

// clientKey tells clients apart for the minute in which un-hashed names follow them: by address, which a proxy
// in front has to be trusted for. Where it is not, its clients share one, and the pin is as good as
// theirs together.
func (v *View) clientKey(r *http.Request, c web.Client) string {
	if len(v.config.TrustedProxies) > 0 {
		return c.Addr.String()
	}
	if i := strings.LastIndexByte(r.RemoteAddr, ':'); i >= 0 {
		return r.RemoteAddr[:i]
	}
	return r.RemoteAddr
}
