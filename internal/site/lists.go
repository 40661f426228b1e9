package site

import (
	"net/http"

	"mirrorctl/internal/web"
	"mirrorctl/mirror"
	"mirrorctl/redirect"
)

// Lists answers /mirrorlist and /metalink.
func (s *Site) Lists(w http.ResponseWriter, r *http.Request) error {
	facts := web.FactsOf(w)
	facts.Site = web.SiteMirrorlist
	if err := web.CheckMethod(r); err != nil {
		return err
	}
	v := s.View()
	lists := redirect.Lists{
		Snapshot: func() *redirect.Snapshot { return v.lists },
		ClientOf: func(*http.Request) redirect.Client {
			return redirect.Client{Addr: facts.Client.Addr, Scheme: schemeOf(facts.Client.Scheme)}
		},
	}
	a := lists.Answer(r)
	facts.Kind, facts.Release, facts.State = a.Kind, a.Release, a.State
	s.counters.list(a, r.UserAgent())
	a.ServeHTTP(w, r)
	return nil
}

// legacy answers a static list of the first generation of .repo files: those lie among the files of the
// root, and nothing need lie there. It reports whether p is one.
func (s *Site) legacy(v *View, w http.ResponseWriter, r *http.Request, p mirror.Path, facts *web.Facts) bool {
	a, ok := redirect.Legacy(v.lists, p, redirect.Client{Addr: facts.Client.Addr, Scheme: schemeOf(facts.Client.Scheme)})
	if !ok {
		return false
	}
	facts.Site, facts.Kind = web.SiteMirrorlist, a.Kind
	s.counters.list(a, r.UserAgent())
	a.ServeHTTP(w, r)
	return true
}
