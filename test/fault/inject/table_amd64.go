package inject

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_X86_64

// changingHere are the calls that newer architectures were made without.
var changingHere = []row{
	{unix.SYS_OPEN, "open", Open, path0, &guard{1, unix.BPF_JSET, writes}},
	{unix.SYS_CREAT, "creat", Open, path0, nil},
	{unix.SYS_RENAME, "rename", Name, []operand{{cwd, 0}, {cwd, 1}}, nil},
	{unix.SYS_LINK, "link", Name, []operand{{cwd, 0}, {cwd, 1}}, nil},
	{unix.SYS_SYMLINK, "symlink", Name, []operand{{cwd, 1}}, nil},
	{unix.SYS_UNLINK, "unlink", Name, path0, nil},
	{unix.SYS_RMDIR, "rmdir", Name, path0, nil},
	{unix.SYS_MKDIR, "mkdir", Name, path0, nil},
	{unix.SYS_MKNOD, "mknod", Name, path0, nil},
	{unix.SYS_CHMOD, "chmod", Meta, path0, nil},
	{unix.SYS_CHOWN, "chown", Meta, path0, nil},
	{unix.SYS_LCHOWN, "lchown", Meta, path0, nil},
	{unix.SYS_UTIME, "utime", Meta, path0, nil},
	{unix.SYS_UTIMES, "utimes", Meta, path0, nil},
	{unix.SYS_FUTIMESAT, "futimesat", Meta, at0, nil},
}

var readingHere = []row{
	{unix.SYS_STAT, "stat", Read, path0, nil},
	{unix.SYS_LSTAT, "lstat", Read, path0, nil},
	{unix.SYS_NEWFSTATAT, "newfstatat", Read, at0, nil},
	{unix.SYS_READLINK, "readlink", Read, path0, nil},
}
