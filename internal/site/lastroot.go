package site

import (
	"sync"
	"sync/atomic"
	"time"

	"mirrorctl/mirror"
)

// lastRoot remembers when a request was last answered from the root, for each release. An archiver
// waits for it to grow old before it moves anything.
type lastRoot struct {
	mu    sync.Mutex
	times map[mirror.Release]*rootTime
}

// rootTime is the time for one release, in seconds since 1970; 0: never.
type rootTime struct{ at atomic.Int64 }

// note writes once in a second, whatever the load.
func (t *rootTime) note() {
	if now := time.Now().Unix(); t.at.Load() != now {
		t.at.Store(now)
	}
}

// of is the time of a release, to be noted.
func (l *lastRoot) of(r mirror.Release) *rootTime {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.times[r]
	if t == nil {
		if l.times == nil {
			l.times = map[mirror.Release]*rootTime{}
		}
		t = &rootTime{}
		l.times[r] = t
	}
	return t
}

func (l *lastRoot) all() map[mirror.Release]time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := map[mirror.Release]time.Time{}
	for r, t := range l.times {
		if at := t.at.Load(); at != 0 {
			m[r] = time.Unix(at, 0).UTC()
		}
	}
	return m
}
