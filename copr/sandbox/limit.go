package sandbox

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// confine puts a process that has not yet begun its work, and with it all of its children, under limits.
func confine(pid int, owner *syscall.Credential, l Limits) (*group, error) {
	g := makeGroup(l)
	if err := g.add(pid); err != nil {
		g.remove()
		g = nil // rlimits alone, then
	}
	set := func() error { return setLimits(pid, l, g.memory()) }
	if owner != nil {
		return g, as(owner.Uid, set)
	}
	return g, set()
}

// setLimits sets the rlimits of a process of the same user.
func setLimits(pid int, l Limits, group bool) error {
	// When the machine runs out of memory, builds go first.
	os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid), []byte("1000"), 0)

	limits := map[int]uint64{
		unix.RLIMIT_CORE:   0,
		unix.RLIMIT_CPU:    max(1, uint64(l.CPU.Seconds())),
		unix.RLIMIT_FSIZE:  uint64(l.FileSize),
		unix.RLIMIT_NOFILE: uint64(l.OpenFiles),
		// Since Linux 5.14 this counts the user namespace alone, not the user everywhere.
		unix.RLIMIT_NPROC: uint64(l.Processes),
	}
	if !group {
		limits[unix.RLIMIT_AS] = uint64(l.Memory)
	}
	for which, value := range limits {
		var now unix.Rlimit
		if err := unix.Prlimit(pid, which, nil, &now); err != nil {
			return fmt.Errorf("read limit %d: %w", which, err)
		}
		value = min(value, now.Max) // what the caller may not have, its command may not either
		if err := unix.Prlimit(pid, which, &unix.Rlimit{Cur: value, Max: value}, nil); err != nil {
			return fmt.Errorf("set limit %d: %w", which, err)
		}
	}
	return nil
}
