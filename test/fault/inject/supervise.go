//go:build linux && (amd64 || arm64)

package inject

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// notification is struct seccomp_notif; answer is struct seccomp_notif_resp.
type notification struct {
	id    uint64
	task  uint32
	flags uint32
	nr    uint32
	arch  uint32
	ip    uint64
	args  [6]uint64
}

type answer struct {
	id    uint64
	value int64
	errno int32
	flags uint32
}

// supervisor answers the notifications of one run.
type supervisor struct {
	listener int
	table    map[uint32]row
	under    []string
	decide   Decide
	symbols  *Symbols
	kill     func()

	calls  []Call
	struck []Call
	kinds  [Read + 1]int
	dead   bool // a verdict has killed the command: nothing may run any more
}

// serve answers until the last task under the filter is gone.
func (s *supervisor) serve() error {
	// The answer wakes the waiting task on this CPU: half the time a call. Linux 6.6.
	_, _, _ = unix.Syscall(unix.SYS_IOCTL, uintptr(s.listener), unix.SECCOMP_IOCTL_NOTIF_SET_FLAGS, unix.SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP)
	for {
		poll := []unix.PollFd{{Fd: int32(s.listener), Events: unix.POLLIN}}
		if _, err := unix.Poll(poll, -1); err != nil && !errors.Is(err, unix.EINTR) {
			s.kill()
			return fmt.Errorf("wait for a system call: %w", err)
		}
		switch events := poll[0].Revents; {
		case events&unix.POLLIN != 0:
			if err := s.next(); err != nil {
				s.kill()
				return err
			}
		case events != 0: // POLLHUP
			return nil
		}
	}
}

func (s *supervisor) next() error {
	var n notification
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(s.listener), unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(&n))); errno != 0 {
		if errno == unix.ENOENT || errno == unix.EINTR { // the task was killed, or a signal came first
			return nil
		}
		return fmt.Errorf("receive a system call: %w", errno)
	}
	if s.dead {
		return nil // never answered, so never run
	}
	call, counts := s.count(n)
	if !counts || s.decide == nil {
		return s.send(answer{id: n.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE})
	}
	v := s.decide(call)
	if v.Hold != nil || v.Then != Pass {
		s.struck = append(s.struck, call)
	}
	if v.Hold != nil {
		if err := v.Hold(); err != nil {
			return fmt.Errorf("hold %s: %w", call, err)
		}
	}
	return s.carryOut(v, n)
}

func (s *supervisor) carryOut(v Verdict, n notification) error {
	switch v.Then {
	case Kill:
		s.dead = true
		s.kill()
		return nil
	case KillWithin:
		s.dead = true
		err := s.send(answer{id: n.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE})
		s.kill()
		return err
	case Refuse:
		return s.send(answer{id: n.id, errno: -int32(v.Errno)})
	case Lie:
		var value int64
		switch s.table[n.nr].name {
		case "write", "pwrite64":
			value = int64(n.args[2]) // as many bytes as there were
		}
		return s.send(answer{id: n.id, value: value})
	default:
		return s.send(answer{id: n.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE})
	}
}

// count makes a Call of a notification, if one of its files is to be watched.
func (s *supervisor) count(n notification) (Call, bool) {
	r, known := s.table[n.nr]
	if !known {
		return Call{}, false
	}
	counts := len(r.files) == 0 // sync(2) concerns every file
	var paths []string
	for _, o := range r.files {
		if path, ok := target(int(n.task), n.args, o); ok {
			paths = append(paths, path)
			counts = counts || below(path, s.under)
		}
	}
	if !counts {
		return Call{}, false
	}
	s.kinds[r.kind]++
	call := Call{N: len(s.calls) + 1, KindN: s.kinds[r.kind], Kind: r.kind, Name: r.name, Task: int(n.task), Paths: paths, Args: n.args}
	if s.symbols != nil {
		call.Stack = s.symbols.stack(call.Task)
	}
	s.calls = append(s.calls, call)
	return call, true
}

func (s *supervisor) send(a answer) error {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(s.listener), unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(&a)))
	if errno != 0 && errno != unix.ENOENT { // ENOENT: the task has died meanwhile
		return fmt.Errorf("answer a system call: %w", errno)
	}
	return nil
}
