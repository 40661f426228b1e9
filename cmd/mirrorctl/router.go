package main

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"mirrorctl/internal/site"
	"mirrorctl/internal/web"
)

// router says which part of the site answers which path.
func router(s *site.Site, edge *web.Edge, ready func() error) http.Handler {
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
	r.Handle("/*", files)
	r.NotFound(files.ServeHTTP) // a path that chi cannot match, such as one without a slash
	return r
}
