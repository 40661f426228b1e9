package site

import (
	"net/http"

	"mirrorctl/internal/web"
	"mirrorctl/redirect"
)

// Lists answers /mirrorlist, /metalink and the static lists of old .repo files.
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

// IsLegacyList reports whether a path is a static list of the first generation of .repo files: those
// lie among the files of the root.
func (s *Site) IsLegacyList(r *http.Request) bool {
	p, _, err := web.CheckPath(r)
	if err != nil {
		return false
	}
	_, ok := redirect.Legacy(s.View().lists, p, redirect.Client{})
	return ok
}
