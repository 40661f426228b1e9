package web

import (
	"io"
	"net/http"
)

// Healthz answers 200 as long as the process answers at all.
func Healthz(w http.ResponseWriter, r *http.Request) error {
	FactsOf(w).Site = SiteUI
	return plain(w, "ok\n")
}

// Readyz answers 200 when ready says nil, else 503 with the error's text: it is for operators and balancers, so that the
// reason belongs into the answer. Balancers ask often; being not ready is no error for the log.
func Readyz(ready func() error) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		FactsOf(w).Site = SiteUI
		if err := ready(); err != nil {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, err := io.WriteString(w, "not ready: "+err.Error()+"\n")
			return err
		}
		return plain(w, "ready\n")
	}
}

func plain(w http.ResponseWriter, text string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, err := io.WriteString(w, text)
	return err
}
