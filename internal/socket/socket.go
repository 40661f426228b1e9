// Package socket gives unix sockets their addresses, however deep they lie.
package socket

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
)

// room is what the kernel has for a path, in bytes, without the NUL at its end.
const room = 107

// Addr is the address of the socket at path on a network of package net: unix, unixpacket. Where path is too long for the
// kernel a descriptor of its directory stands for it, until done.
func Addr(network, path string) (addr *net.UnixAddr, done func(), err error) {
	if len(path) <= room {
		return &net.UnixAddr{Name: path, Net: network}, func() {}, nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, nil, err
	}
	name := fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path))
	return &net.UnixAddr{Name: name, Net: network}, func() { dir.Close() }, nil
}

// Listen makes a stream socket at path with the mode perm, in place of one that an earlier process left. Closing it leaves
// the name.
func Listen(path string, perm os.FileMode) (*net.UnixListener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	addr, done, err := Addr("unix", path)
	if err != nil {
		return nil, err
	}
	defer done()
	l, err := net.ListenUnix("unix", addr)
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // the name may lead elsewhere by then
	if err := os.Chmod(path, perm); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Dial opens a connection to the stream socket at path.
func Dial(ctx context.Context, path string) (net.Conn, error) {
	addr, done, err := Addr("unix", path)
	if err != nil {
		return nil, err
	}
	defer done()
	var d net.Dialer
	return d.DialContext(ctx, "unix", addr.Name)
}
