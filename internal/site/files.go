package site

import (
	"errors"
	"io/fs"
	"net/http"
	"strings"

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
	err = s.answer(v, w, r, p, slash, facts)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// The file may be gone because its release moved after this request took its view.
	if newest := s.newest(r.Context()); newest != v {
		return s.answer(newest, w, r, p, slash, facts)
	}
	return err
}

// answer answers one request from one view.
func (s *Site) answer(v *View, w http.ResponseWriter, r *http.Request, asked mirror.Path, slash bool, facts *web.Facts) error {
	p, archive := v.inArchive(r.Host, asked)
	found := v.catalog.Resolve(p)
	facts.Kind, facts.Release, facts.State = found.Kind, found.Release, found.State
	t := &s.root
	if archive {
		t, facts.Site = &s.archive, web.SiteArchive
	}
	scheme := schemeOf(facts.Client.Scheme)
	d := redirect.Decide(v.targets, redirect.Request{Path: p, Slash: slash, Found: found, Scheme: scheme, Archive: archive})
	switch d.Action {
	case redirect.NotFound:
		return fs.ErrNotExist
	case redirect.Redirect:
		if c, ok := v.redirects[d.Release]; ok {
			c.count(d.Result)
		}
		return moved(w, http.StatusFound, d.Location, d.CacheControl)
	}

	if !slash {
		c, cache, err := t.content(v, p, found, clientKey(r))
		switch {
		case errors.Is(err, errDirectory):
			facts.Kind = mirror.KindListing
			return moved(w, http.StatusMovedPermanently, v.addressOf(scheme, archive, p), cacheRevalidate)
		case err != nil:
			return outside(err)
		}
		facts.Cache = cache
		if !archive {
			s.last.note(found.Release)
		}
		return web.ServeContent(w, r, c)
	}
	facts.Kind = mirror.KindListing
	entries, err := t.list(r.Context(), p)
	if err != nil {
		return outside(err)
	}
	return web.WriteListing(w, r, asked, entries)
}

// addressOf is the canonical address of a directory.
func (v *View) addressOf(scheme redirect.Scheme, archive bool, p mirror.Path) string {
	if archive {
		return v.targets.ArchiveURL(scheme, p, true)
	}
	return v.targets.PublicURL(scheme, p, true)
}

// moved sends the client on. The body is empty: nobody reads it, and a loop of old clients would pay for it.
func moved(w http.ResponseWriter, status int, location, cacheControl string) error {
	h := w.Header()
	h["Location"] = []string{location}
	h["Content-Length"] = []string{"0"}
	h["Cache-Control"] = []string{cacheControl}
	w.WriteHeader(status)
	return nil
}

// outside makes a 404 of a symbolic link that leaves the tree: what lies there is not ours to serve, and
// package managers take a 403 for a reason to stop.
func outside(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) && strings.Contains(p.Err.Error(), "escapes") {
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

// clientKey tells clients apart for the minute in which un-hashed names follow them: the other
// end of the connection, without its port, and the program. Behind a proxy all clients share an address, and the
// pin is then as good as theirs together.
func clientKey(r *http.Request) string {
	if i := strings.LastIndexByte(r.RemoteAddr, ':'); i >= 0 {
		return r.RemoteAddr[:i]
	}
	return r.RemoteAddr
}
