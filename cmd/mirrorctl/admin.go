package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/pprof"
	"time"

	"mirrorctl/internal/metric"
	"mirrorctl/internal/web"
)

// admin is the listener for operators.
type admin struct {
	listener *web.Listener // nil where none is configured
	server   http.Server
}

func newAdmin(ctx context.Context, open *listeners, addr string, metrics *metric.Set, edge *web.Edge, ready func() error) (*admin, error) {
	a := &admin{}
	if addr == "" {
		return a, nil
	}
	var err error
	if a.listener, err = open.listen(ctx, adminName, addr); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		metrics.WritePrometheus(w)
	})
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.Handle("/healthz", edge.Wrap(web.Healthz))
	mux.Handle("/readyz", edge.Wrap(web.Readyz(ready)))
	a.server = http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	return a, nil
}

func (a *admin) addr() string {
	if a.listener == nil {
		return ""
	}
	return a.listener.Addr().String()
}

func (a *admin) run(ctx context.Context) error {
	if a.listener == nil {
		return nil
	}
	stop := context.AfterFunc(ctx, func() { a.server.Close() })
	defer stop()
	if err := a.server.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("admin: %w", err)
	}
	return nil
}
