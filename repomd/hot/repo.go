package hot

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// repo is one repository.
type repo struct {
	dir  string
	view atomic.Pointer[view] // nil until the first generation is in service

	flight flights
	seen   marks   // of the documents when they were last found to be those in service; owned by the flight
	resign pending // owned by the flight

	mu      sync.Mutex // guards what follows, and writing view
	err     *Error     // of the last load
	note    string
	since   time.Time // when the last load began to succeed, or to fail
	swaps   uint64
	accept  bool      // an operator takes whatever comes next
	missing time.Time // when Retain first missed it
	removed bool
}

// pending is a signature that changed alone.
type pending struct {
	documents documents
	since     time.Time
}

func newRepo(dir string) *repo { return &repo{dir: dir} }

// serving is the newest generation, nil if there is none.
func (r *repo) serving() *generation {
	if v := r.view.Load(); v != nil {
		return v.generations[0]
	}
	return nil
}

// report remembers how a load ended.
func (r *repo) report(err *Error, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if (err == nil) != (r.err == nil) || r.since.IsZero() {
		r.since = now
	}
	r.err = err
}

// flights lets one load of a repository run, and one wait, however many ask. Who asks while
// one runs joins the next: the running one may have looked at the disk too early for him.
type flights struct {
	mu      sync.Mutex
	running *flight
	next    *flight
}

type flight struct {
	done    chan struct{}
	changed bool
	err     error
}

// fly runs load, or waits for the result of another caller's. joined reports the latter.
func (s *flights) fly(ctx context.Context, load func() (bool, error)) (changed bool, err error, joined bool) {
	for {
		f, ahead, lead := s.join()
		if lead {
			changed, err := s.lead(ctx, f, ahead, load)
			return changed, err, false
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err(), true
		case <-f.done:
		}
		// The one who led it may have given up. That is no result for those who did not.
		if !errors.Is(f.err, context.Canceled) && !errors.Is(f.err, context.DeadlineExceeded) {
			return f.changed, f.err, true
		}
	}
}

func (s *flights) join() (f, ahead *flight, lead bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next != nil {
		return s.next, nil, false
	}
	f = &flight{done: make(chan struct{})}
	if s.running == nil {
		s.running = f
		return f, nil, true
	}
	s.next = f
	return f, s.running, true
}

func (s *flights) lead(ctx context.Context, f, ahead *flight, load func() (bool, error)) (bool, error) {
	defer close(f.done)
	if ahead != nil {
		select {
		case <-ahead.done:
		case <-ctx.Done():
			f.err = ctx.Err()
		}
		s.mu.Lock()
		s.next = nil
		if f.err == nil {
			s.running = f
		}
		s.mu.Unlock()
	}
	if f.err != nil {
		return false, f.err
	}
	f.changed, f.err = load()
	s.mu.Lock()
	s.running = nil
	s.mu.Unlock()
	return f.changed, f.err
}
