package web

import (
	"context"
	"net"
	"net/http"

	"golang.org/x/sys/unix"
)

type connKey struct{}

// withConn is http.Server's ConnContext: it lets a slow body ask the kernel what its client has taken.
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// connOf is the plain TCP connection of a request; nil where there is none, or where it is not known.
func connOf(r *http.Request) *tcpConn {
	c, _ := r.Context().Value(connKey{}).(*tcpConn)
	return c
}

// unacknowledged is how many bytes the kernel still holds for the client: unsent, or sent without
// an acknowledgement. A writer is woken only when a third of a buffer of up to 4 MiB is free, which a
// slow client may not manage within a deadline; what it acknowledged shows that it is alive.
func (c *tcpConn) unacknowledged() (n int64) {
	if c == nil {
		return 0
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return 0
	}
	raw.Control(func(fd uintptr) {
		if v, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); err == nil {
			n = int64(v)
		}
	})
	return n
}
