package sandbox

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	firstID = 0x70000000 // above all that distributions, systemd and containers give away
	nobody  = 65534
)

// identity is the user that bubblewrap runs as: the caller, or for root a number that nobody else has, so that two
// builds are strangers to each other, and to every file.
func identity() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{
		Setpgid:   true,            // Ctrl-C reaches the caller, who ends the command
		Pdeathsig: syscall.SIGKILL, // bubblewrap asks for the same, but after a moment in which the caller may die
	}
	if os.Geteuid() == 0 {
		id := freeID()
		attr.Credential = &syscall.Credential{Uid: id, Gid: id}
	}
	return attr
}

var runs atomic.Uint32

// freeID is a user and group id for one run. Where the caller's own user namespace has no such numbers it is nobody's.
func freeID() uint32 {
	id := uint32(firstID) + uint32(os.Getpid()%(1<<18))<<8 + runs.Add(1)%256
	if mapped("/proc/self/uid_map", id) && mapped("/proc/self/gid_map", id) {
		return id
	}
	return nobody
}

func mapped(name string, id uint32) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var inside, outside, count uint64
		if n, _ := fmt.Sscan(lines.Text(), &inside, &outside, &count); n == 3 && inside <= uint64(id) && uint64(id) < inside+count {
			return true
		}
	}
	return false
}

// as runs f with the user and group id alone. A process may limit only those of its own user, and so may root where it has not been
// given CAP_SYS_RESOURCE, as in most containers. Ids belong to threads for the kernel: the one that took them is not used again.
func as(id uint32, f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if unix.Gettid() == os.Getpid() {
			// The main thread does not end. It would keep the ids, and what /proc/self says of the process is what it is.
			// While it is held here the next goroutine runs on another.
			defer runtime.UnlockOSThread()
			done <- as(id, f)
			return
		}
		done <- func() error {
			for _, call := range []uintptr{unix.SYS_SETRESGID, unix.SYS_SETRESUID} {
				if _, _, errno := unix.RawSyscall(call, uintptr(id), uintptr(id), uintptr(id)); errno != 0 {
					return fmt.Errorf("become user %d: %w", id, errno)
				}
			}
			return f()
		}()
	}()
	return <-done
}
