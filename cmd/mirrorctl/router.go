package main

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"mirrorctl/internal/forge"
	"mirrorctl/internal/site"
	"mirrorctl/internal/web"
)

// router says which part of the site answers which path.
func router(s *site.Site, f *forge.Forge, edge *web.Edge, ready func() error) http.Handler {
	lists, files, status := edge.Wrap(s.Lists), edge.Wrap(s.Files), edge.Wrap(s.StatusPage)
	r := chi.NewRouter()
	for _, list := range []string{"/mirrorlist", "/metalink"} {
		r.Handle(list, lists)
		r.Handle(list+"/*", lists)
	}
	r.Handle("/healthz", edge.Wrap(web.Healthz))
	r.Handle("/readyz", edge.Wrap(web.Readyz(ready)))
	r.Handle("/status", status)
	r.Handle("/status.json", status)
	if f != nil {
		hub := edge.Wrap(f.Serve)
		for _, prefix := range forge.Prefixes {
			if strings.HasSuffix(prefix, "/") {
				prefix += "*"
			}
			r.Handle(prefix, hub)
		}
		r.Handle("/results/*", edge.Wrap(f.Results(s.Files)))
	}
	r.NotFound(files.ServeHTTP)
	return past(r, files)
}

// past sends what begins with the name of no route to files at once: that is nearly every request, and the
// router would cost one from memory as much time again, and most of its allocations.
func past(r chi.Router, files http.Handler) http.Handler {
	named := map[string]bool{}
	for _, route := range r.Routes() {
		named[first(route.Pattern)] = true
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if named[first(req.URL.Path)] {
			r.ServeHTTP(w, req)
		} else {
			files.ServeHTTP(w, req)
		}
	})
}

// first is the first name of a path.
func first(path string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return name
}
