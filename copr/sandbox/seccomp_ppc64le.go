package sandbox

import "golang.org/x/sys/unix"

const (
	auditArch  = unix.AUDIT_ARCH_PPC64LE
	x32        = 0
	cloneFlags = 0
	lowWord    = 0
)

var deniedHere = []uint32{unix.SYS_KEXEC_FILE_LOAD, unix.SYS_LOOKUP_DCOOKIE, unix.SYS_SOCKETCALL, unix.SYS_IPC, unix.SYS_USELIB}
