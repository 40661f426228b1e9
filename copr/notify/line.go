package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	maxPause = 10 * time.Minute
	maxAge   = 3 * 24 * time.Hour
)

// line is what waits for one hook.
type line struct {
	n    *Notifier
	hook Hook
	wake chan struct{}

	mu    sync.Mutex // of names
	names []string   // of files, the next first; the one that is being sent stays in it
}

func newLine(n *Notifier, h Hook, names []string) *line {
	return &line{n: n, hook: h, names: names, wake: make(chan struct{}, 1)}
}

func (l *line) length() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.names)
}

// add puts an event at the end. The oldest makes room where there is none.
func (l *line) add(name string) error {
	l.mu.Lock()
	drop := ""
	if !slices.Contains(l.names, name) { // a crash may have left it
		l.names = append(l.names, name)
	}
	if len(l.names) > l.n.Waiting {
		drop = l.names[0]
	}
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
	if drop == "" {
		return nil
	}
	return l.give(drop, "too many events wait")
}

// first is the event whose turn it is; "" for none.
func (l *line) first() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.names) == 0 {
		return ""
	}
	return l.names[0]
}

// take removes an event from the line, and last puts it at the end: one that a receiver cannot take must not stop all others.
func (l *line) take(name string, last bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.names, name)
	if i < 0 {
		return // it had to make room
	}
	if l.names = slices.Delete(l.names, i, i+1); last {
		l.names = append(l.names, name)
	}
}

// end removes an event for good.
func (l *line) end(name string) error {
	l.take(name, false)
	if err := l.n.remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget an event: %w", err)
	}
	return nil
}

// give gives an event up.
func (l *line) give(name, why string) error {
	l.n.dropped.Add(1)
	l.n.Log.Error("an event of a build is given up", "webhook", l.host(), "event", name, "reason", why)
	return l.end(name)
}

// host names the hook in logs: the rest of its URL may be a secret.
func (l *line) host() string {
	u, err := url.Parse(l.hook.URL)
	if err != nil {
		return "?"
	}
	return u.Host
}

// run sends what waits, one by one, until ctx ends. After a failure it pauses, whichever event is next: a receiver
// that comes back is not met by all that it missed at once.
func (l *line) run(ctx context.Context) error {
	pause := time.Duration(0)
	for {
		name := l.first()
		if name == "" {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-l.wake:
			}
			continue
		}
		ok, err := l.attempt(ctx, name)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			l.n.Log.ErrorContext(ctx, "an event of a build could not be dealt with; this is tried again", "event", name, "error", err)
		case ok:
			pause = 0
			continue
		}
		pause = min(max(l.n.Retry, 2*pause), maxPause)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause - pause/10 + rand.N(pause/5+1)):
		}
	}
}

// attempt sends one event. The error is our own trouble; ok is false where the receiver had some.
func (l *line) attempt(ctx context.Context, name string) (ok bool, err error) {
	raw, err := os.ReadFile(filepath.Join(l.n.Dir, name))
	if errors.Is(err, fs.ErrNotExist) { // it had to make room
		l.take(name, false)
		return true, nil
	} else if err != nil {
		return false, err
	}
	var event Event
	if err := json.Unmarshal(raw, &event); err != nil {
		return true, l.give(name, "its file is broken: "+err.Error())
	}
	err = l.n.send(ctx, l.hook, event, raw)
	switch {
	case err == nil:
		l.n.delivered.Add(1)
		return true, l.end(name)
	case ctx.Err() != nil:
		return false, ctx.Err()
	}
	l.n.failed.Add(1)
	l.n.Log.Warn("a webhook did not take an event and is tried again", "webhook", l.host(), "build", event.Build, "error", err)
	if time.Since(event.Time) > maxAge {
		return false, l.give(name, "it was tried for three days")
	}
	l.take(name, true)
	return false, nil
}
