package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"mirrorctl/internal/metric"
	"mirrorctl/mirror"
)

// Edge is the one wrapper around every handler. It knows the client, counts and times the request, turns
// errors and panics into answers, and writes the access log.
type Edge struct {
	proxies atomic.Pointer[Proxies]
	log     *slog.Logger
	access  *AccessLog
	counts  *counts
}

// NewEdge makes an edge that counts in set. access may be nil: no access log.
func NewEdge(set *metric.Set, log *slog.Logger, access *AccessLog, proxies Proxies) *Edge {
	if access != nil {
		set.Collect(metric.AccessLogShed, func(yield func(float64, ...string)) { yield(float64(access.Shed())) })
	}
	e := &Edge{log: log, access: access, counts: newCounts(set)}
	e.SetProxies(proxies)
	return e
}

// SetProxies changes whose word on a client's address is taken.
func (e *Edge) SetProxies(p Proxies) { e.proxies.Store(&p) }

// SetReleases tells which releases there are, for the release label; call it when the catalog changes.
// Requests of others are counted without one.
func (e *Edge) SetReleases(all []mirror.Release) { e.counts.setReleases(all) }

// Wrap makes h an http.Handler.
func (e *Edge) Wrap(h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		e.counts.inFlight.Add(1)
		defer e.counts.inFlight.Add(-1)
		rec := &recorder{ResponseWriter: w, head: r.Method == http.MethodHead}
		rec.facts.Client = e.proxies.Load().Client(r)

		abort := false
		if err := e.call(h, rec, r); err != nil {
			abort = e.fail(rec, r, err)
		} else if rec.status == 0 {
			rec.status = http.StatusOK // net/http answers an empty 200
		}

		if r.ContentLength != 0 {
			// net/http reads what is left of a body before it goes on. A refused one is not worth a
			// moment, and none may take for ever.
			wait := headerTimeout
			if rec.status >= 400 {
				wait = 0
			}
			http.NewResponseController(w).SetReadDeadline(time.Now().Add(wait)) // a recorder of a test has none
		}
		took := time.Since(start)
		ua := ""
		if lines := r.Header["User-Agent"]; len(lines) > 0 {
			ua = lines[0]
		}
		e.counts.count(&rec.facts, ParseAgent(ua), rec.status, rec.bytes, took)
		if e.access != nil {
			e.access.add(entry{r: r, facts: &rec.facts, status: rec.status, bytes: rec.bytes, start: start, took: took, agent: ua})
		}
		if abort {
			panic(http.ErrAbortHandler) // net/http's way to say: close this connection, log nothing
		}
	})
}

// panicked is what a handler panicked with.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// call runs h and makes an error of a panic.
func (e *Edge) call(h Handler, w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicked{v, debug.Stack()}
		}
	}()
	return h(w, r)
}

// fail answers with the error as far as that can still be done, logs it, and tells whether the
// connection has to go: after half a body the client must notice, and one that left gets nothing.
func (e *Edge) fail(rec *recorder, r *http.Request, err error) (abort bool) {
	p := classify(err, r.Context().Err() != nil)
	level := slog.LevelDebug // what a client did wrong is in the access log; here it would be scanners' noise
	attrs := []slog.Attr{
		slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.String("client", rec.facts.Client.Addr.String()), slog.String("error", err.Error()),
	}
	var bug *panicked
	switch {
	case errors.As(err, &bug) && bug.value == http.ErrAbortHandler: // asked for, not a bug
	case bug != nil:
		p.Reason, level = "panic", slog.LevelError
		e.counts.panics.Inc()
		attrs = append(attrs, slog.String("stack", string(bug.stack)))
	case p.Status >= 500:
		level = slog.LevelError
	}
	counter, ok := e.counts.errors[p.Reason]
	if !ok {
		counter = e.counts.errors["internal"]
	}
	if p.Status >= 400 {
		counter.Inc()
		attrs = append(attrs, slog.String("reason", p.Reason))
		e.log.LogAttrs(context.WithoutCancel(r.Context()), level, "request failed", attrs...)
	}
	switch {
	case bug != nil && bug.value == http.ErrAbortHandler:
		return true
	case rec.status != 0:
		return true
	case p.Status == StatusClientGone:
		rec.status = p.Status
		return true
	}
	p.write(rec)
	return false
}
