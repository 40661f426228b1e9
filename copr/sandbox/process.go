package sandbox

import (
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// process is held by a descriptor, so that its number cannot come to mean another one.
type process struct {
	pid int
	mu  sync.Mutex // of fd, -1 once it is closed
	fd  int
}

func hold(pid int) (*process, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, fmt.Errorf("hold process %d: %w", pid, err)
	}
	return &process{pid: pid, fd: fd}, nil
}

func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fd >= 0 {
		unix.PidfdSendSignal(p.fd, unix.SIGKILL, nil, 0) // fails where it is gone
	}
}

// wait returns when the process is gone. It is the init of its pid namespace: the kernel lets it go after all others there.
func (p *process) wait() {
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(p.fd), Events: unix.POLLIN}}, -1)
		if n > 0 || (err != nil && err != unix.EINTR) {
			return
		}
	}
}

func (p *process) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	unix.Close(p.fd)
	p.fd = -1
}
