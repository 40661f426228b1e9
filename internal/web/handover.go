package web

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"mirrorctl/internal/socket"
)

// maxHandover bounds the sockets that are handed over together, and the names that go with them.
const maxHandover = 64

// Handover offers listeners to a successor.
type Handover struct {
	socket    *net.UnixListener
	listeners map[string]*Listener
}

// NewHandover offers the listeners, by name, at the unix socket at path. Run hands them to every process of the same
// user (or of root) that asks. A successor takes them, gets ready, serves, and only then is this process told to drain: there is
// no moment at which nobody accepts, nor a connection in a queue that dies.
//
// The successor will offer at the same path in its turn: the socket is made aside and renamed into place, so that
// the name always leads to one that answers, or to one that died.
func NewHandover(path string, listeners map[string]*Listener) (*Handover, error) {
	temp := fmt.Sprintf("%s.%d", path, os.Getpid())
	os.Remove(temp) // of an earlier process with this pid
	addr, done, err := socket.Addr("unixpacket", temp)
	if err != nil {
		return nil, fmt.Errorf("offer listeners: %w", err)
	}
	defer done()
	l, err := net.ListenUnix("unixpacket", addr)
	if err != nil {
		return nil, fmt.Errorf("offer listeners: %w", err)
	}
	l.SetUnlinkOnClose(false) // by then the name may be the successor's
	if err := errors.Join(os.Chmod(temp, 0o600), os.Rename(temp, path)); err != nil {
		return nil, errors.Join(fmt.Errorf("offer listeners: %w", err), l.Close(), os.Remove(temp))
	}
	return &Handover{l, listeners}, nil
}

// Run answers successors until ctx ends. End it before a drain.
func (h *Handover) Run(ctx context.Context) error {
	defer h.socket.Close()
	defer context.AfterFunc(ctx, func() { h.socket.Close() })()
	for {
		c, err := h.socket.AcceptUnix()
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return fmt.Errorf("offer listeners: %w", err)
		}
		// One at a time, and none may keep the others waiting. Who fails to take them opens its own.
		c.SetDeadline(time.Now().Add(time.Second))
		if sameUser(c) {
			handOver(c, h.listeners)
		}
		c.Close()
	}
}

// sameUser checks who is on the other end: the mode of the socket says the same, but not on every filesystem.
func sameUser(c *net.UnixConn) bool {
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	ok := false
	raw.Control(func(fd uintptr) {
		cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
		ok = err == nil && (cred.Uid == 0 || int(cred.Uid) == os.Getuid())
	})
	return ok
}

// handOver sends one packet: the names, a line each, and the descriptors in the same order.
func handOver(c *net.UnixConn, listeners map[string]*Listener) {
	var names []string
	var fds []int
	for name, l := range listeners {
		raw, err := l.SyscallConn()
		if err != nil || len(fds) == maxHandover {
			continue
		}
		var dup int
		raw.Control(func(fd uintptr) { dup, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) })
		if err != nil {
			continue // closed by a drain
		}
		defer unix.Close(dup)
		names, fds = append(names, name), append(fds, dup)
	}
	if _, _, err := c.WriteMsgUnix([]byte(strings.Join(names, "\n")), unix.UnixRights(fds...), nil); err != nil {
		return
	}
	for _, name := range names {
		listeners[name].shared.Store(true)
	}
}

// Take asks a running process at path for its listeners, by name. Where none answers it returns none: then it
// is the first, and opens its own. Those that this process has no use for are to be closed. It is for a process that was
// asked to succeed another: one that was started twice by mistake had better meet a port that is taken.
func Take(path string) (map[string]*Listener, error) {
	addr, done, err := socket.Addr("unixpacket", path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("take listeners over: %w", err)
	}
	defer done()
	c, err := net.DialUnix("unixpacket", nil, addr)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("take listeners over: %w", err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(2 * time.Second))
	text, rights := make([]byte, 64<<10), make([]byte, unix.CmsgSpace(4*maxHandover))
	n, nr, _, _, err := c.ReadMsgUnix(text, rights)
	if err != nil {
		return nil, fmt.Errorf("take listeners over: %w", err)
	}
	var fds []int
	messages, err := unix.ParseSocketControlMessage(rights[:nr])
	for i := range messages {
		more, e := unix.ParseUnixRights(&messages[i])
		fds, err = append(fds, more...), errors.Join(err, e)
	}
	names := strings.Split(string(text[:n]), "\n")
	if err == nil && n > 0 && len(names) != len(fds) {
		err = fmt.Errorf("%d names for %d sockets", len(names), len(fds))
	}
	listeners := map[string]*Listener{}
	for i, fd := range fds {
		unix.CloseOnExec(fd)
		if err != nil {
			unix.Close(fd)
			continue
		}
		var l *net.TCPListener
		if l, err = tcpListener(fd, names[i]); err == nil {
			listeners[names[i]] = newListener(l, false)
		}
	}
	if err != nil {
		for _, l := range listeners {
			l.Close()
		}
		return nil, fmt.Errorf("take listeners over: %w", err)
	}
	return listeners, nil
}

// tcpListener makes a listener of a descriptor, which it uses up.
func tcpListener(fd int, name string) (*net.TCPListener, error) {
	f := os.NewFile(uintptr(fd), name)
	l, err := net.FileListener(f) // a duplicate
	f.Close()
	if err != nil {
		return nil, fmt.Errorf("socket %q: %w", name, err)
	}
	t, ok := l.(*net.TCPListener)
	if !ok {
		l.Close()
		return nil, fmt.Errorf("socket %q: not TCP", name)
	}
	return t, nil
}
