package sign

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"mirrorctl/internal/socket"
)

// Listen makes the socket, 0660, in place of one that is left of a dead signer. gid owns it; -1 is the process's own.
func Listen(path string, gid int) (*net.UnixListener, error) {
	if st, err := os.Lstat(path); err == nil {
		if st.Mode().Type() != os.ModeSocket {
			return nil, fmt.Errorf("listen at %s: it is no socket: %s", path, st.Mode())
		}
		if conn, err := socket.Dial(context.Background(), path); err == nil {
			conn.Close()
			return nil, fmt.Errorf("listen at %s: another signer answers there", path)
		}
	}
	l, err := socket.Listen(path, 0o660)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	// Whoever slips in before the mode is set is told by uid.
	if err := os.Chown(path, -1, gid); err != nil {
		return nil, errors.Join(fmt.Errorf("listen: %w", err), l.Close())
	}
	return l, nil
}

// peer is the user at the other end, by the kernel's word.
func peer(conn *net.UnixConn) (uint32, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *unix.Ucred
	var inner error
	err = raw.Control(func(fd uintptr) { cred, inner = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err := errors.Join(err, inner); err != nil {
		return 0, fmt.Errorf("ask who calls: %w", err)
	}
	return cred.Uid, nil
}

// patient is a connection that ends when the other side is silent for too long, or some time after end.
type patient struct {
	*net.UnixConn
	mu   sync.Mutex
	last time.Time
}

func (p *patient) extend() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	until := time.Now().Add(idle)
	if !p.last.IsZero() && p.last.Before(until) {
		until = p.last
	}
	return p.SetDeadline(until)
}

// end gives the connection a little while longer, and no more.
func (p *patient) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = time.Now().Add(parting)
	_ = p.SetDeadline(p.last)
}

func (p *patient) Read(b []byte) (int, error) {
	if err := p.extend(); err != nil {
		return 0, err
	}
	return p.UnixConn.Read(b)
}

func (p *patient) Write(b []byte) (int, error) {
	if err := p.extend(); err != nil {
		return 0, err
	}
	return p.UnixConn.Write(b)
}
