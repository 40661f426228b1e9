//go:build linux && (amd64 || arm64)

package inject

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Offsets in struct seccomp_data; both architectures are little-endian, so that an
// argument's low word comes first.
const (
	dataNr   = 0
	dataArch = 4
	dataArgs = 16
)

// program compiles the table to a filter: calls of interest notify, all others run.
// A foreign architecture's calls run too: the command is ours, not an adversary.
func program(table []row) []unix.SockFilter {
	allow := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW}
	notify := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_USER_NOTIF}
	load := func(offset int) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: uint32(offset)}
	}
	jump := func(test uint16, k uint32, yes, no int) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | test | unix.BPF_K, K: k, Jt: uint8(yes), Jf: uint8(no)}
	}
	prog := []unix.SockFilter{load(dataArch), jump(unix.BPF_JEQ, auditArch, 1, 0), allow, load(dataNr)}
	for _, r := range table {
		var body []unix.SockFilter
		if g := r.guard; g != nil {
			body = append(body, load(dataArgs+8*g.arg))
			for i, k := range g.any {
				body = append(body, jump(g.test, k, len(g.any)-i, 0)) // yes: over the rest and the allow
			}
			body = append(body, allow)
		}
		body = append(body, notify)
		prog = append(prog, jump(unix.BPF_JEQ, r.nr, 0, len(body)))
		prog = append(prog, body...)
	}
	return append(prog, allow)
}

// install puts the filter on the calling thread and returns its listener.
func install(prog []unix.SockFilter) (listener int, err error) {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return -1, err
	}
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	// WAIT_KILLABLE_RECV: without it a signal (the Go runtime sends itself SIGURG all day)
	// would break off a held call, which is then made and counted a second time.
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_NEW_LISTENER|unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
		uintptr(unsafe.Pointer(&fprog)))
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}
