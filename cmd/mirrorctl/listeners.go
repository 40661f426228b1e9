package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"syscall"

	"mirrorctl/internal/web"
)

// What listeners are for. It is systemd's FileDescriptorName=, and between a service and its successor what a
// socket's name begins with.
const (
	publicName = "public"
	adminName  = "admin"
)

// listeners finds or opens listeners: systemd's, those of the running service, or new ones.
type listeners struct {
	state     string
	inherited map[string][]*web.Listener // from systemd: ours, whatever their address
	taken     map[string][]*web.Listener // from the running service: ours if the configuration names their address
	used      map[string]*web.Listener   // by the names under which they are offered
}

func newListeners(state string) (*listeners, error) {
	l := &listeners{state: state, inherited: map[string][]*web.Listener{}, taken: map[string][]*web.Listener{}, used: map[string]*web.Listener{}}
	inherited, err := web.Inherited()
	if err != nil {
		return nil, err
	}
	for name, all := range inherited {
		if name != adminName { // a socket unit names its socket after itself unless told otherwise
			name = publicName
		}
		l.inherited[name] = append(l.inherited[name], all...)
	}
	return l, nil
}

// take asks the running service for its listeners. Without one there are none.
func (l *listeners) take() error {
	taken, err := web.Take(l.socket())
	for name, one := range taken {
		purpose, _, _ := strings.Cut(name, "-")
		l.taken[purpose] = append(l.taken[purpose], one)
	}
	return err
}

// socket is where a service offers its listeners to a successor.
func (l *listeners) socket() string { return filepath.Join(l.state, "handover.sock") }

// listen returns the listeners for a purpose, on addr if they have to be opened.
func (l *listeners) listen(ctx context.Context, purpose, addr string) ([]*web.Listener, error) {
	got := l.inherited[purpose]
	for _, one := range l.taken[purpose] {
		if len(l.inherited[purpose]) == 0 && sameAddr(one.Addr(), addr) {
			got = append(got, one)
		}
	}
	if len(got) == 0 {
		one, err := web.Listen(ctx, addr)
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, hinted{err, "another program listens there; stop it, or choose another address; if it is this service, --takeover succeeds it"}
		}
		if err != nil {
			return nil, err
		}
		got = []*web.Listener{one}
	}
	for i, one := range got {
		l.used[fmt.Sprintf("%s-%d", purpose, i)] = one
	}
	return got, nil
}

// sameAddr reports whether a listener that was taken over is on the address that the configuration names.
func sameAddr(has net.Addr, addr string) bool {
	want, err := net.ResolveTCPAddr("tcp", addr)
	tcp, ok := has.(*net.TCPAddr)
	if err != nil || !ok {
		return false
	}
	anywhere := want.IP == nil || want.IP.IsUnspecified()
	return want.Port == tcp.Port && (anywhere && tcp.IP.IsUnspecified() || !anywhere && want.IP.Equal(tcp.IP))
}

// closeUnused closes what was given and is not wanted: connections would wait there for nobody.
func (l *listeners) closeUnused() {
	wanted := map[*web.Listener]bool{}
	for _, one := range l.used {
		wanted[one] = true
	}
	for _, given := range []map[string][]*web.Listener{l.inherited, l.taken} {
		for _, all := range given {
			for _, one := range all {
				if !wanted[one] {
					one.Close()
				}
			}
		}
	}
}

// close closes all that are open.
func (l *listeners) close() {
	for _, one := range l.used {
		one.Close() // nobody accepts any more: there is nothing that an error could tell
	}
	clear(l.used)
	l.closeUnused()
}

// offer lets a successor take what this process listens on.
func (l *listeners) offer() (*web.Handover, error) { return web.NewHandover(l.socket(), l.used) }

// addresses are those of listeners, for the log.
func addresses(all []*web.Listener) string {
	var names []string
	for _, l := range all {
		names = append(names, l.Addr().String())
	}
	return strings.Join(names, " ")
}
