package archivetest

import (
	"context"
	"fmt"
	"io"
	"sync"

	"mirrorctl/mirror"
)

// State is a strict mirror.StateStore in memory.
type State struct {
	mu  sync.Mutex
	doc *mirror.Document
	// Before, if set, may swap in a document of its own or fail; it is called without the lock.
	Before func(op string) error
	// After may fail although the swap was done.
	After func(op string) error
}

var _ mirror.StateStore = (*State)(nil)

// Load returns the newest document.
func (s *State) Load(context.Context) (*mirror.Document, error) {
	if s.Before != nil {
		if err := s.Before("state.load"); err != nil {
			return nil, err
		}
	}
	return s.Now(), nil
}

// Now is Load for tests: it never fails.
func (s *State) Now() *mirror.Document {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.doc == nil {
		return &mirror.Document{Format: mirror.DocumentFormat}
	}
	return s.doc
}

// Swap compares generations.
func (s *State) Swap(_ context.Context, next *mirror.Document) error {
	if s.Before != nil {
		if err := s.Before("state.swap"); err != nil {
			return err
		}
	}
	s.mu.Lock()
	var now uint64
	if s.doc != nil {
		now = s.doc.Generation
	}
	if next.Format != mirror.DocumentFormat {
		s.mu.Unlock()
		return fmt.Errorf("archivetest: a document of format %d", next.Format)
	}
	if next.Generation != now+1 {
		s.mu.Unlock()
		return mirror.ErrConflict
	}
	s.doc = next
	s.mu.Unlock()
	if s.After != nil {
		return s.After("state.swap")
	}
	return nil
}

// Followers is a mirror.Followers in memory; what it says does not age.
type Followers struct {
	mu  sync.Mutex
	all map[string]mirror.Follower
}

var _ mirror.Followers = (*Followers)(nil)

// Announce stores f.
func (s *Followers) Announce(_ context.Context, f mirror.Follower) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[string]mirror.Follower{}
	}
	s.all[f.ID] = f
	return nil
}

// Withdraw forgets id.
func (s *Followers) Withdraw(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, id)
	return nil
}

// Followers lists all.
func (s *Followers) Followers(context.Context) ([]mirror.Follower, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []mirror.Follower
	for _, f := range s.all {
		all = append(all, f)
	}
	return all, nil
}

// Prober reads a store directly, as a server of that store would answer.
type Prober struct {
	Store interface {
		Open(ctx context.Context, p mirror.Path) (io.ReadCloser, error)
	}
}

// Fetch opens the object.
func (p Prober) Fetch(ctx context.Context, path mirror.Path) (io.ReadCloser, error) {
	return p.Store.Open(ctx, path)
}
