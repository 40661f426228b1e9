package s3

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"sync"
	"testing"
)

// Fault is how the proxy treats one request.
type Fault string

// The faults.
const (
	None        Fault = ""
	Drop        Fault = "connection closed, nothing done"
	Lose        Fault = "done, and the answer lost"
	Cut         Fault = "done, and the answer cut in its middle"
	Internal    Fault = "500"
	Unavailable Fault = "503"
	Conflict    Fault = "409"
)

// Faults are all but None.
var Faults = []Fault{Drop, Lose, Cut, Internal, Unavailable, Conflict}

// Proxy stands between client and server. Requests pass as they were signed.
type Proxy struct {
	addr string
	rev  *httputil.ReverseProxy

	mu     sync.Mutex // guards the rest
	choose func(n int, r *http.Request) Fault
	n      int
}

func newProxy(t testing.TB, socket string) *Proxy {
	p := &Proxy{}
	p.rev = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", "server", r.In.Host
		},
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, "unix", socket)
			},
			DisableCompression: true, MaxIdleConnsPerHost: 64,
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }, // as a dead server
		ErrorLog:     log.New(io.Discard, "", 0),
	}
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	p.addr = srv.Listener.Addr().String()
	return p
}

// Inject asks choose, from now on, what to do with the nth request, from 0. nil ends it. It
// returns how many requests there were since it was called last.
func (p *Proxy) Inject(choose func(n int, r *http.Request) Fault) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.n
	p.choose, p.n = choose, 0
	return n
}

func (p *Proxy) fault(r *http.Request) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.n
	p.n++
	if p.choose == nil {
		return None
	}
	return p.choose(n, r)
}

// ServeHTTP passes a request on, or does not.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch f := p.fault(r); f {
	case None:
		p.rev.ServeHTTP(w, r)
	case Drop:
		panic(http.ErrAbortHandler)
	case Lose, Cut:
		kept := httptest.NewRecorder()
		p.rev.ServeHTTP(kept, r)
		if body := kept.Body.Bytes(); f == Cut && len(body) > 1 {
			for name, values := range kept.Header() {
				w.Header()[name] = values
			}
			w.Header().Set("Content-Length", kept.Header().Get("Content-Length"))
			w.WriteHeader(kept.Code)
			_, _ = w.Write(body[:len(body)/2])
			_ = http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	default:
		_, _ = io.Copy(io.Discard, r.Body)
		code, status := "InternalError", http.StatusInternalServerError
		switch f {
		case Unavailable:
			code, status = "SlowDown", http.StatusServiceUnavailable
		case Conflict:
			code, status = "ConditionalRequestConflict", http.StatusConflict
		}
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<?xml version=\"1.0\"?><Error><Code>"+code+"</Code><Message>injected "+AccessKey+" "+SecretKey+"</Message></Error>")
	}
}
