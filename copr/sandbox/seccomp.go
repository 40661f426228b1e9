package sandbox

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// The filter refuses what no build needs and what has let others out: it is a list of what is denied, since what compilers
// and test suites call is open-ended. ptrace stays: test suites use it, and its reach is the pid namespace.
const (
	allow       = unix.SECCOMP_RET_ALLOW
	refuse      = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	unknown     = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS) // C libraries try the older call then
	noSuch      = unix.SECCOMP_RET_ERRNO | uint32(unix.EAFNOSUPPORT)
	namespaces  = unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP
	newTime     = 0x80 // CLONE_NEWTIME; for clone it is a signal's bit
	offsetNr    = 0
	offsetArch  = 4
	offsetArgs  = 16
	statementLd = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
)

// denied are refused on every architecture; deniedHere on this one.
var denied = []uint32{
	unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_MOVE_MOUNT,
	unix.SYS_OPEN_TREE, unix.SYS_MOUNT_SETATTR, unix.SYS_SETNS, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_SWAPON, unix.SYS_SWAPOFF,
	unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY,
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
	unix.SYS_KEXEC_LOAD, unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_REBOOT, unix.SYS_ACCT, unix.SYS_QUOTACTL,
	unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_ADJTIMEX, unix.SYS_CLOCK_ADJTIME, unix.SYS_SYSLOG, unix.SYS_VHANGUP,
	unix.SYS_FANOTIFY_INIT, unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME,
}

// families of sockets that a test suite may want; their network leads nowhere. vsock would not care for the namespace.
var families = []uint32{unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK}

// filter is the program that the kernel runs at each system call of the sandbox.
func filter() []unix.SockFilter {
	var f []unix.SockFilter
	add := func(code uint16, k uint32, jt, jf uint8) {
		f = append(f, unix.SockFilter{Code: code, Jt: jt, Jf: jf, K: k})
	}
	load := func(offset uint32) { add(statementLd, offset, 0, 0) }
	ret := func(verdict uint32) { add(unix.BPF_RET|unix.BPF_K, verdict, 0, 0) }
	// when answers what the loaded word is compared with
	when := func(test uint16, k, verdict uint32) { add(unix.BPF_JMP|test|unix.BPF_K, k, 0, 1); ret(verdict) }
	// of runs a few statements for one call, of which the last one returns
	of := func(nr uint32, body func()) {
		at := len(f)
		add(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, nr, 0, 0)
		body()
		f[at].Jf = uint8(len(f) - at - 1)
	}

	load(offsetArch)
	add(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, auditArch, 1, 0)
	ret(unknown) // the system calls of another architecture have other numbers
	load(offsetNr)
	if x32 != 0 {
		when(unix.BPF_JGE, x32, unknown)
	}
	for _, list := range [][]uint32{denied, deniedHere} {
		for _, nr := range list {
			when(unix.BPF_JEQ, nr, refuse)
		}
	}
	when(unix.BPF_JEQ, unix.SYS_CLONE3, unknown) // its flags cannot be seen from here
	of(unix.SYS_CLONE, func() { load(argument(cloneFlags)); when(unix.BPF_JSET, namespaces, refuse); ret(allow) })
	of(unix.SYS_UNSHARE, func() { load(argument(0)); when(unix.BPF_JSET, namespaces|newTime, refuse); ret(allow) })
	of(unix.SYS_SOCKET, func() {
		load(argument(0))
		for _, family := range families {
			when(unix.BPF_JEQ, family, allow)
		}
		ret(noSuch)
	})
	of(unix.SYS_IOCTL, func() {
		load(argument(1))
		when(unix.BPF_JEQ, unix.TIOCSTI, refuse)
		when(unix.BPF_JEQ, tioclinux, refuse)
		ret(allow)
	})
	ret(allow)
	return f
}

const tioclinux = 0x541c

// argument is where the low word of a system call's n-th argument is.
func argument(n uint32) uint32 { return offsetArgs + 8*n + lowWord }

func filterBytes() []byte {
	var b bytes.Buffer
	binary.Write(&b, binary.NativeEndian, filter()) // a bytes.Buffer takes all
	return b.Bytes()
}
