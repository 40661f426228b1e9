package main

import (
	"context"
	"errors"
	"path/filepath"
	"syscall"

	"mirrorctl/internal/web"
)

// The names of listeners: systemd's FileDescriptorName=, and between a service and its successor.
const (
	publicName = "public"
	adminName  = "admin"
)

// listeners finds or opens listeners: systemd's, those of the running service, or new ones.
type listeners struct {
	state string
	given map[string]*web.Listener
	used  map[string]*web.Listener
}

func newListeners(state string, takeover bool) (*listeners, error) {
	l := &listeners{state: state, given: map[string]*web.Listener{}, used: map[string]*web.Listener{}}
	inherited, err := web.Inherited()
	if err != nil {
		return nil, err
	}
	for name, all := range inherited {
		if name != adminName { // a socket unit names its socket after itself unless told otherwise
			name = publicName
		}
		l.given[name] = all[0]
	}
	if !takeover {
		return l, nil
	}
	taken, err := web.Take(l.socket())
	if err != nil {
		return nil, err
	}
	for name, t := range taken {
		l.given[name] = t
	}
	return l, nil
}

// socket is where a service offers its listeners to a successor.
func (l *listeners) socket() string { return filepath.Join(l.state, "handover.sock") }

// listen returns the listener of a name, on addr if it has to be opened.
func (l *listeners) listen(ctx context.Context, name, addr string) (*web.Listener, error) {
	got, ok := l.given[name]
	if !ok {
		var err error
		got, err = web.Listen(ctx, addr)
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, hinted{err, "another program listens there; stop it, or choose another address"}
		}
		if err != nil {
			return nil, err
		}
	}
	l.used[name] = got
	return got, nil
}

// offer lets a successor take what this process listens on.
func (l *listeners) offer() (*web.Handover, error) { return web.NewHandover(l.socket(), l.used) }
