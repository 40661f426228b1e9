//go:build linux && (amd64 || arm64)

package inject

import "golang.org/x/sys/unix"

// row describes one system call to the filter and to the supervisor.
type row struct {
	nr    uint32
	name  string
	kind  Kind
	files []operand
	guard *guard // nil: always of interest
}

// operand says where a call's arguments name a file.
type operand struct {
	dir  int // the argument with a descriptor; cwd where a path is relative to the working directory
	path int // the argument with a path; none where the descriptor itself is meant
}

const (
	cwd  = -1
	none = -1
)

// guard lets the filter pass the many calls of no interest without waking the supervisor.
type guard struct {
	arg  int
	test uint16   // BPF_JSET, BPF_JGT or BPF_JEQ
	any  []uint32 // of interest where the test of the argument's low word holds for one of these
}

var (
	fd0    = []operand{{0, none}}
	fd2    = []operand{{2, none}}
	path0  = []operand{{cwd, 0}}
	at0    = []operand{{0, 1}}
	twoAts = []operand{{0, 1}, {2, 3}}

	// Standard input, output and error are never the files under test.
	notStd = &guard{0, unix.BPF_JGT, []uint32{2}}
	// An open that can neither create nor write changes nothing.
	writes = []uint32{unix.O_WRONLY | unix.O_RDWR | unix.O_CREAT | unix.O_TRUNC}
	clones = &guard{1, unix.BPF_JEQ, []uint32{unix.FICLONE, unix.FICLONERANGE}}
)

// changing are the calls that every supported architecture has.
var changing = []row{
	{unix.SYS_OPENAT, "openat", Open, at0, &guard{2, unix.BPF_JSET, writes}},
	{unix.SYS_OPENAT2, "openat2", Open, at0, nil},

	{unix.SYS_WRITE, "write", Write, fd0, notStd},
	{unix.SYS_PWRITE64, "pwrite64", Write, fd0, notStd},
	{unix.SYS_WRITEV, "writev", Write, fd0, notStd},
	{unix.SYS_PWRITEV, "pwritev", Write, fd0, notStd},
	{unix.SYS_PWRITEV2, "pwritev2", Write, fd0, notStd},
	{unix.SYS_SENDFILE, "sendfile", Write, fd0, notStd},
	{unix.SYS_SPLICE, "splice", Write, fd2, nil},
	{unix.SYS_COPY_FILE_RANGE, "copy_file_range", Write, fd2, nil},
	{unix.SYS_IOCTL, "ioctl(FICLONE)", Write, fd0, clones},
	{unix.SYS_TRUNCATE, "truncate", Write, path0, nil},
	{unix.SYS_FTRUNCATE, "ftruncate", Write, fd0, nil},
	{unix.SYS_FALLOCATE, "fallocate", Write, fd0, nil},

	{unix.SYS_FSYNC, "fsync", Sync, fd0, nil},
	{unix.SYS_FDATASYNC, "fdatasync", Sync, fd0, nil},
	{unix.SYS_SYNC_FILE_RANGE, "sync_file_range", Sync, fd0, nil},
	{unix.SYS_SYNCFS, "syncfs", Sync, fd0, nil},
	{unix.SYS_SYNC, "sync", Sync, nil, nil},

	{unix.SYS_RENAMEAT, "renameat", Name, twoAts, nil},
	{unix.SYS_RENAMEAT2, "renameat2", Name, twoAts, nil},
	{unix.SYS_LINKAT, "linkat", Name, twoAts, nil},
	{unix.SYS_SYMLINKAT, "symlinkat", Name, []operand{{1, 2}}, nil},
	{unix.SYS_UNLINKAT, "unlinkat", Name, at0, nil},
	{unix.SYS_MKDIRAT, "mkdirat", Name, at0, nil},
	{unix.SYS_MKNODAT, "mknodat", Name, at0, nil},

	{unix.SYS_FCHMOD, "fchmod", Meta, fd0, nil},
	{unix.SYS_FCHMODAT, "fchmodat", Meta, at0, nil},
	{unix.SYS_FCHMODAT2, "fchmodat2", Meta, at0, nil},
	{unix.SYS_FCHOWN, "fchown", Meta, fd0, nil},
	{unix.SYS_FCHOWNAT, "fchownat", Meta, at0, nil},
	{unix.SYS_UTIMENSAT, "utimensat", Meta, at0, nil},
	{unix.SYS_SETXATTR, "setxattr", Meta, path0, nil},
	{unix.SYS_LSETXATTR, "lsetxattr", Meta, path0, nil},
	{unix.SYS_FSETXATTR, "fsetxattr", Meta, fd0, nil},
	{unix.SYS_REMOVEXATTR, "removexattr", Meta, path0, nil},
	{unix.SYS_FREMOVEXATTR, "fremovexattr", Meta, fd0, nil},

	{unix.SYS_FLOCK, "flock", Lock, fd0, nil},
}

// reading are the calls added by Injector.Reads, for errnos that a failing disk gives.
var reading = []row{
	{unix.SYS_READ, "read", Read, fd0, notStd},
	{unix.SYS_PREAD64, "pread64", Read, fd0, notStd},
	{unix.SYS_GETDENTS64, "getdents64", Read, fd0, nil},
	{unix.SYS_FSTAT, "fstat", Read, fd0, notStd},
	{unix.SYS_STATX, "statx", Read, at0, nil},
	{unix.SYS_READLINKAT, "readlinkat", Read, at0, nil},
}

// rows is the table of one run.
func rows(reads bool) []row {
	table := append(changing[:len(changing):len(changing)], changingHere...)
	if !reads {
		return table
	}
	table = append(table, reading...)
	table = append(table, readingHere...)
	for i := range table {
		if table[i].kind == Open {
			table[i].guard = nil // opening for reading can fail, too
		}
	}
	return table
}
