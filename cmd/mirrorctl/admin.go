package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/pprof"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrorctl/internal/metric"
	"mirrorctl/internal/web"
)

// admin is what operators listen to. Without listeners it does nothing.
type admin struct {
	listeners []*web.Listener
	server    http.Server
}

func (a *admin) handle(metrics *metric.Set, edge *web.Edge, ready func() error) {
	mux := http.NewServeMux()
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_ = metrics.WritePrometheus(w) // fails where the scraper has gone
	})
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.Handle("/healthz", edge.Wrap(web.Healthz))
	mux.Handle("/readyz", edge.Wrap(web.Readyz(ready)))
	a.server = http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
}

// run serves until ctx ends.
func (a *admin) run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { a.server.Close() })
	defer stop()
	var all errgroup.Group
	for _, l := range a.listeners {
		all.Go(func() error {
			if err := a.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("admin: %w", err)
			}
			return nil
		})
	}
	return all.Wait()
}
