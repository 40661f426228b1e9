package dock

import (
	"sync"
	"time"
)

// seen remembers when the builder of each task was last heard of.
type seen struct {
	silence time.Duration
	since   time.Time // nobody was heard before

	mu sync.Mutex // of at
	at map[string]time.Time
}

func newSeen(silence time.Duration) *seen {
	return &seen{silence: silence, since: time.Now(), at: map[string]time.Time{}}
}

// now notes that the builder of a task is alive, and forgets those that are silent.
func (s *seen) now(task string) {
	t := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.at[task]; !known {
		for other, at := range s.at {
			if t.Sub(at) > s.silence {
				delete(s.at, other)
			}
		}
	}
	s.at[task] = t
}

// alive reports whether the builder of a task may be at work: a hub that has just started has heard of none.
func (s *seen) alive(task string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, known := s.at[task]
	if !known {
		at = s.since
	}
	return time.Since(at) < s.silence
}
