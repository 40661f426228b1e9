package durable

import (
	"os"

	"golang.org/x/sys/unix"
)

// Flock takes an exclusive lock on an open file without waiting; unix.EWOULDBLOCK
// where someone else has it. The kernel gives it back when the file is closed or the process dies.
func Flock(f *os.File) error {
	return again(func() error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) })
}
