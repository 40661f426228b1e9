package sandbox

import "golang.org/x/sys/unix"

const (
	auditArch  = unix.AUDIT_ARCH_X86_64
	x32        = 0x40000000 // numbers from here on are the x32 ABI's
	cloneFlags = 0
	lowWord    = 0
)

var deniedHere = []uint32{unix.SYS_KEXEC_FILE_LOAD, unix.SYS_IOPL, unix.SYS_IOPERM, unix.SYS_USELIB, unix.SYS_USTAT, unix.SYS_SYSFS, unix.SYS_LOOKUP_DCOOKIE}
