package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Limits of every connection.
const (
	headerTimeout = 5 * time.Second
	idleTimeout   = 30 * time.Second
	// writeTimeout is for answers that go out in one write; bodies roll their own (body.go).
	writeTimeout = 60 * time.Second
	// maxHeader has room for a Range header of 16 KiB, which zchunk may come near. net/http adds 4 KiB of its own.
	maxHeader = 20 << 10
)

// Server serves one handler on any number of listeners, and drains without losing a request.
//
// http.Server.Shutdown closes idle connections at once, also those whose next request is on its way,
// and closes the listener with established connections in its queue. Drain does neither:
//
//  1. from now on every answer says Connection: close, so that busy clients leave in order;
//  2. a listener whose socket a successor or systemd has too just stops accepting; one of our own goes on
//     for Settle and until its queue is empty (listener.go);
//  3. idle connections are closed once they were idle for IdleGrace, new ones once their first request is
//     answered or their time for it is up;
//  4. what is left when ctx of Drain ends is cut, and said so.
type Server struct {
	Handler  http.Handler
	Log      *slog.Logger
	MaxConns int // connections at once on all listeners together; 0: no limit

	// Settle is how long a drained listener without a successor goes on accepting. Default 1 s.
	Settle time.Duration
	// IdleGrace is how long a connection must have been idle to be closed by a drain. Default 2 s.
	IdleGrace time.Duration

	once     sync.Once
	draining atomic.Bool
	http     http.Server
	slots    chan struct{}

	mu        sync.Mutex // guards what follows
	conns     map[net.Conn]connState
	listeners []*Listener
}

type connState struct {
	state http.ConnState
	since time.Time
}

func (s *Server) init() {
	s.once.Do(func() {
		s.Settle = orDefault(s.Settle, time.Second)
		s.IdleGrace = orDefault(s.IdleGrace, 2*time.Second)
		s.conns = map[net.Conn]connState{}
		if s.MaxConns > 0 {
			s.slots = make(chan struct{}, s.MaxConns)
		}
		s.http = http.Server{
			Handler:           http.HandlerFunc(s.serveHTTP),
			ReadHeaderTimeout: headerTimeout,
			IdleTimeout:       idleTimeout,
			WriteTimeout:      writeTimeout,
			MaxHeaderBytes:    maxHeader,
			ConnState:         s.track,
			// "OPTIONS *" is answered by the handler like everything else.
			DisableGeneralOptionsHandler: true,
		}
		if s.Log != nil {
			s.http.ErrorLog = slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug) // clients' broken handshakes and heads
		}
	})
}

func orDefault(d, or time.Duration) time.Duration {
	if d == 0 {
		return or
	}
	return d
}

var closeConnection = []string{"close"}

func (s *Server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	if s.draining.Load() {
		w.Header()["Connection"] = closeConnection
	}
	s.Handler.ServeHTTP(w, r)
}

// Serve answers on l until Drain, and then returns nil. It may be called for several listeners.
func (s *Server) Serve(l *Listener) error {
	s.init()
	s.mu.Lock()
	s.listeners = append(s.listeners, l)
	draining := s.draining.Load()
	s.mu.Unlock()
	if draining {
		return l.Close()
	}
	l.slots = s.slots
	err := s.http.Serve(l)
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return fmt.Errorf("serve %s: %w", l.Addr(), err)
}

// Draining tells whether Drain has begun: a balancer should look elsewhere.
func (s *Server) Draining() bool { return s.draining.Load() }

// Connections is how many are open.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Drain ends the service as told above and returns when no connection is left. When ctx ends first, those that are left
// are cut and counted in the error.
func (s *Server) Drain(ctx context.Context) error {
	s.init()
	s.mu.Lock()
	s.draining.Store(true)
	listeners := s.listeners
	s.mu.Unlock()

	var settled sync.WaitGroup
	for _, l := range listeners {
		settled.Go(func() { l.drain(s.Settle) })
	}
	accepting := make(chan struct{})
	go func() {
		settled.Wait()
		close(accepting)
	}()

	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		left := s.closeIdle(time.Now().Add(-s.IdleGrace))
		select {
		case <-accepting:
			if left == 0 {
				return s.closeServer()
			}
		default:
		}
		select {
		case <-ctx.Done():
			err := fmt.Errorf("drain: %d connections cut: %w", s.Connections(), ctx.Err())
			return errors.Join(err, s.closeServer())
		case <-tick.C:
		}
	}
}

// closeServer cuts what is left. The listeners may be closed already, by their own drain.
func (s *Server) closeServer() error {
	if err := s.http.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// closeIdle closes connections that have been idle since before then, and says how many are left.
// A request may be on its way at that very moment; HTTP/1.1 has no way to tell, and clients repeat a
// request that meets a close on a connection that was idle. IdleGrace makes it rare.
func (s *Server) closeIdle(then time.Time) (left int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c, st := range s.conns {
		if st.state == http.StateIdle && st.since.Before(then) {
			c.Close() // track forgets it when net/http has noticed
		}
	}
	return len(s.conns)
}

// track is http.Server's ConnState.
func (s *Server) track(c net.Conn, state http.ConnState) {
	closed := state == http.StateClosed || state == http.StateHijacked
	s.mu.Lock()
	if closed {
		delete(s.conns, c)
	} else {
		s.conns[c] = connState{state, time.Now()}
	}
	s.mu.Unlock()
	if closed && s.slots != nil {
		<-s.slots
	}
}
