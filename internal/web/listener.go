package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// Listener is a TCP listener that can be drained.
//
// A connection is established by the kernel and waits in the listener's queue until it is accepted; when the last
// descriptor of the socket closes, what waits there is reset. So a restart loses nothing only where the successor
// has the very same socket: handed over by the old process (handover.go), or by systemd to both (systemd.go).
// Then the old process just stops accepting. SO_REUSEPORT does not help: each process has a queue of its own there, and
// between the last accept and the close there is always room for one more connection to be lost
// (unless net.ipv4.tcp_migrate_req is on, which it is nowhere by default).
//
// Without a successor the listener goes on accepting for a while, and then closes on an empty queue.
type Listener struct {
	*net.TCPListener
	shared   atomic.Bool   // somebody else has the socket too
	slots    chan struct{} // limits connections, where not nil
	draining chan struct{} // closed by drain
	done     chan struct{} // closed when Accept has given its last connection
	started  atomic.Bool   // drain has begun
}

func newListener(l *net.TCPListener, shared bool) *Listener {
	n := &Listener{TCPListener: l, draining: make(chan struct{}), done: make(chan struct{})}
	n.shared.Store(shared)
	return n
}

// Listen opens addr, such as ":8080" or "127.0.0.1:0".
func Listen(ctx context.Context, addr string) (*Listener, error) {
	var conf net.ListenConfig
	l, err := conf.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return newListener(l.(*net.TCPListener), false), nil
}

// Accept waits for a connection, and for a slot where connections are limited: what exceeds the
// limit waits in the kernel.
func (l *Listener) Accept() (net.Conn, error) {
	if !l.takeSlot() {
		return nil, l.finish()
	}
	c, err := l.AcceptTCP()
	if errors.Is(err, os.ErrDeadlineExceeded) && l.started.Load() && !l.shared.Load() {
		// drain's time is up. What is in the queue now is still answered, one more than the
		// last look at a time: only an Accept that times out has seen it empty.
		l.SetDeadline(time.Now().Add(20 * time.Millisecond))
		if c, err = l.AcceptTCP(); err == nil {
			l.SetDeadline(time.Now())
		}
	}
	if err == nil {
		return &tcpConn{TCPConn: c}, nil
	}
	if l.slots != nil {
		<-l.slots
	}
	if l.started.Load() {
		return nil, l.finish()
	}
	return nil, err
}

// takeSlot waits for a slot. A drain waits no longer than a new client has for its request.
func (l *Listener) takeSlot() bool {
	if l.slots == nil {
		return true
	}
	select {
	case l.slots <- struct{}{}:
		return true
	case <-l.draining:
	}
	select {
	case l.slots <- struct{}{}:
		return true
	case <-time.After(headerTimeout):
		return false
	}
}

// finish closes our descriptor and lets drain return. The caller of Accept sees a closed listener.
func (l *Listener) finish() error {
	l.TCPListener.Close()
	close(l.done)
	return net.ErrClosed
}

// drain has Accept end: at once where the socket lives on with somebody else, after settle otherwise.
func (l *Listener) drain(settle time.Duration) {
	if !l.started.Swap(true) {
		close(l.draining)
		if l.shared.Load() {
			settle = 0
		}
		l.SetDeadline(time.Now().Add(settle))
	}
	<-l.done
}
