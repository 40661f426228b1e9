package sandbox

import "golang.org/x/sys/unix"

const (
	auditArch  = unix.AUDIT_ARCH_S390X
	x32        = 0
	cloneFlags = 1 // the stack comes first
	lowWord    = 4 // big-endian
)

var deniedHere = []uint32{unix.SYS_KEXEC_FILE_LOAD, unix.SYS_LOOKUP_DCOOKIE, unix.SYS_SOCKETCALL, unix.SYS_USELIB}
