package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Listener is a TCP listener that can be drained.
//
// A connection is established by the kernel and waits in the listener's queue until it is accepted. When a
// listening socket closes, what waits there is reset, and with SO_REUSEPORT each process has a queue of
// its own. So a rolling restart goes like this:
//
//   - the successor listens on the same port, and is ready;
//   - the old process attaches a filter to the group of sockets that share the port: all new
//     connections go to the socket that joined second, which is the successor's;
//   - it accepts what is still in its own queue, for as long as a handshake may take, and closes the socket when the
//     queue has been empty.
//
// The filter stays with the group and is harmless: a number that no socket has makes the kernel choose by hash
// as it does without, and the next successor is the second again, since a socket that leaves gives its place to the last one.
// It is for two processes at a time; of three that overlap, the one in the middle may get connections until it
// closes. A socket that was handed over by systemd is shared, queue and all: closing our end loses nothing.
type Listener struct {
	*net.TCPListener
	shared   bool // SO_REUSEPORT: a successor may listen too
	owned    bool // not inherited
	slots    chan struct{}
	draining atomic.Bool
	closing  chan struct{} // closed by drain
	done     chan struct{} // closed when Accept has seen the queue empty
}

func newListener(l *net.TCPListener, shared, owned bool) *Listener {
	return &Listener{TCPListener: l, shared: shared, owned: owned, closing: make(chan struct{}), done: make(chan struct{})}
}

// Listen opens addr, such as ":8080" or "127.0.0.1:0". shared lets another process of the same user listen on the same
// port, for a restart without a gap; it also hides the mistake of two servers on one port.
func Listen(ctx context.Context, addr string, shared bool) (*Listener, error) {
	var conf net.ListenConfig
	if shared {
		conf.Control = func(_, _ string, c syscall.RawConn) error {
			var err error
			return errors.Join(c.Control(func(fd uintptr) {
				err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
			}), err)
		}
	}
	l, err := conf.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return newListener(l.(*net.TCPListener), shared, true), nil
}

// Accept waits for a connection, and for a slot where connections are limited: what exceeds the
// limit waits in the kernel.
func (l *Listener) Accept() (net.Conn, error) {
	if l.slots != nil {
		select {
		case l.slots <- struct{}{}:
		case <-l.closing:
			// What is queued gets its answer even over the limit; track gives back a slot for each.
			select {
			case l.slots <- struct{}{}:
			case <-time.After(headerTimeout):
				return nil, l.finish()
			}
		}
	}
	c, err := l.AcceptTCP()
	if err != nil {
		if l.slots != nil {
			<-l.slots
		}
		if l.draining.Load() && errors.Is(err, os.ErrDeadlineExceeded) {
			return l.last()
		}
		return nil, err
	}
	return &tcpConn{TCPConn: c}, nil
}

// last empties the queue: an Accept that times out has found nothing in it.
func (l *Listener) last() (net.Conn, error) {
	if l.slots != nil {
		select {
		case l.slots <- struct{}{}:
		case <-time.After(headerTimeout):
			return nil, l.finish()
		}
	}
	l.SetDeadline(time.Now().Add(20 * time.Millisecond))
	c, err := l.AcceptTCP()
	if err != nil {
		if l.slots != nil {
			<-l.slots
		}
		return nil, l.finish()
	}
	l.SetDeadline(time.Now()) // come back here
	return &tcpConn{TCPConn: c}, nil
}

// finish closes the socket and lets drain return. Accept's caller sees a closed listener.
func (l *Listener) finish() error {
	l.TCPListener.Close()
	close(l.done)
	return net.ErrClosed
}

// drain stops new connections, as far as that can be had, accepts for settle, and closes.
func (l *Listener) drain(settle time.Duration) {
	if l.draining.Swap(true) {
		<-l.done
		return
	}
	switch {
	case !l.owned:
		settle = 0 // the queue is shared with whoever gave it to us
	case l.shared:
		l.steer()
	}
	close(l.closing)
	l.SetDeadline(time.Now().Add(settle))
	<-l.done
}

// steer sends new connections to the second socket of the group. An old kernel without such filters
// goes on by hash, and what comes while the socket closes may be reset.
func (l *Listener) steer() {
	raw, err := l.SyscallConn()
	if err != nil {
		return
	}
	second := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 1}}
	raw.Control(func(fd uintptr) {
		unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF,
			&unix.SockFprog{Len: uint16(len(second)), Filter: &second[0]})
	})
}
