package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Dir is an open directory. Names are made in it through its descriptor, so that nobody
// who renames a directory above, or puts a symlink there, sends a write elsewhere.
// Every name is one path element.
type Dir struct {
	f *os.File
}

// OpenDir opens the directory name below root, which it cannot leave. "." is root itself.
func OpenDir(root *os.Root, name string) (*Dir, error) {
	f, err := root.OpenFile(name, os.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return &Dir{f: f}, nil
}

// Close closes the descriptor.
func (d *Dir) Close() error { return d.f.Close() }

func (d *Dir) fd() int { return int(d.f.Fd()) }

// again repeats a call that a signal interrupted, as package os does for its own.
func again(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

func (d *Dir) fail(op, name string, err error) error {
	return &os.PathError{Op: op, Path: d.f.Name() + "/" + name, Err: err}
}

// Sync makes the directory's names durable, and its own mode and times.
func (d *Dir) Sync() error {
	if err := d.f.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", d.f.Name(), err)
	}
	return nil
}

// Create makes a new file for reading and writing; it fails where the name exists.
func (d *Dir) Create(name string, perm uint32) (*os.File, error) {
	return d.open("create", name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL, perm)
}

// Open opens a file for reading. A symlink is ELOOP, and a fifo does not block.
func (d *Dir) Open(name string) (*os.File, error) {
	return d.open("open", name, unix.O_RDONLY|unix.O_NONBLOCK, 0)
}

func (d *Dir) open(op, name string, flags int, perm uint32) (f *os.File, err error) {
	var fd int
	err = again(func() (err error) {
		fd, err = unix.Openat(d.fd(), name, flags|unix.O_CLOEXEC|unix.O_NOFOLLOW, perm)
		return err
	})
	if err != nil {
		return nil, d.fail(op, name, err)
	}
	return os.NewFile(uintptr(fd), d.f.Name()+"/"+name), nil
}

// Mkdir makes a directory, durable in this one. One that exists is no error.
func (d *Dir) Mkdir(name string, perm uint32) error {
	err := again(func() error { return unix.Mkdirat(d.fd(), name, perm) })
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return d.fail("mkdir", name, err)
	}
	// Synced also where it exists: it may have been made by a run that died before its own fsync.
	return d.Sync()
}

// Symlink makes a symbolic link.
func (d *Dir) Symlink(target, name string) error {
	if err := again(func() error { return unix.Symlinkat(target, d.fd(), name) }); err != nil {
		return d.fail("symlink", name, err)
	}
	return nil
}

// Link gives the file name of d another name in to. It fails where that exists.
func (d *Dir) Link(name string, to *Dir, newName string) error {
	if err := again(func() error { return unix.Linkat(d.fd(), name, to.fd(), newName, 0) }); err != nil {
		return to.fail("link", newName, err)
	}
	return nil
}

// LinkFile gives an open file a name in d. It fails where that exists.
func (d *Dir) LinkFile(f *os.File, name string) error {
	proc := fmt.Sprintf("/proc/self/fd/%d", f.Fd())
	if err := again(func() error { return unix.Linkat(unix.AT_FDCWD, proc, d.fd(), name, unix.AT_SYMLINK_FOLLOW) }); err != nil {
		return d.fail("link", name, err)
	}
	return nil
}

// Rename moves a name to another directory and never replaces anything: the error wraps
// fs.ErrExist then. Neither directory is synced.
func (d *Dir) Rename(name string, to *Dir, newName string) error {
	err := again(func() error { return unix.Renameat2(d.fd(), name, to.fd(), newName, unix.RENAME_NOREPLACE) })
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		// A filesystem without RENAME_NOREPLACE. A file can still be moved without replacing
		// anything, since link fails on an existing name; a directory cannot.
		if err = unix.Linkat(d.fd(), name, to.fd(), newName, 0); err == nil {
			err = unix.Unlinkat(d.fd(), name, 0)
		}
	}
	if err != nil {
		return to.fail("rename", newName, err)
	}
	return nil
}

// Unlink removes a name that is no directory. Absence is an error.
func (d *Dir) Unlink(name string) error {
	if err := again(func() error { return unix.Unlinkat(d.fd(), name, 0) }); err != nil {
		return d.fail("unlink", name, err)
	}
	return nil
}

// Rmdir removes an empty directory.
func (d *Dir) Rmdir(name string) error {
	if err := again(func() error { return unix.Unlinkat(d.fd(), name, unix.AT_REMOVEDIR) }); err != nil {
		return d.fail("rmdir", name, err)
	}
	return nil
}

// Stat is lstat of a name; "." is the directory.
func (d *Dir) Stat(name string) (st unix.Stat_t, err error) {
	if err := again(func() error { return unix.Fstatat(d.fd(), name, &st, unix.AT_SYMLINK_NOFOLLOW) }); err != nil {
		return st, d.fail("stat", name, err)
	}
	return st, nil
}

// SetAttr gives a name its owner, mode and times; a symlink itself, not what it points to.
// "." is the directory.
func (d *Dir) SetAttr(name string, a Attr) error {
	if a.Owner != nil {
		if err := again(func() error {
			return unix.Fchownat(d.fd(), name, int(a.Owner.UID), int(a.Owner.GID), unix.AT_SYMLINK_NOFOLLOW)
		}); err != nil {
			return d.fail("chown", name, err)
		}
	}
	if !a.Symlink { // Linux keeps no mode for these
		// After chown, which clears the set-id bits.
		if err := again(func() error { return unix.Fchmodat(d.fd(), name, a.Mode, 0) }); err != nil {
			return d.fail("chmod", name, err)
		}
	}
	return d.SetTimes(name, a.MTime)
}

// SetTimes sets the time of modification of a name; of a symlink itself.
func (d *Dir) SetTimes(name string, mtime time.Time) error {
	ts := []unix.Timespec{{Nsec: unix.UTIME_OMIT}, unix.NsecToTimespec(mtime.UnixNano())}
	if err := again(func() error { return unix.UtimesNanoAt(d.fd(), name, ts, unix.AT_SYMLINK_NOFOLLOW) }); err != nil {
		return d.fail("utimens", name, err)
	}
	return nil
}

// Attr is what a name has besides its content.
type Attr struct {
	Mode    uint32 // permission bits with set-id and sticky, as in st_mode & 07777
	MTime   time.Time
	Owner   *Owner // nil leaves it as it is
	Symlink bool
}

// Owner is the owner of a file.
type Owner struct{ UID, GID uint32 }

// Sub opens a directory in d; a symlink is refused.
func (d *Dir) Sub(name string) (*Dir, error) {
	f, err := d.open("open", name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	return &Dir{f: f}, nil
}

// Names lists the names in d, in order.
func (d *Dir) Names() ([]string, error) {
	if _, err := d.f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	names, err := d.f.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}

// Readlink reads the target of a symlink.
func (d *Dir) Readlink(name string) (string, error) {
	buf := make([]byte, unix.PathMax)
	n := 0
	err := again(func() (err error) {
		n, err = unix.Readlinkat(d.fd(), name, buf)
		return err
	})
	if err != nil {
		return "", d.fail("readlink", name, err)
	}
	return string(buf[:n]), nil
}

// MkdirAllIn makes the directory name below root and what is missing above it, each durable in
// its parent, and opens it. name must be clean: a symlink or ".." in it is refused.
func MkdirAllIn(root *os.Root, name string, perm uint32) (*Dir, error) {
	if !fs.ValidPath(name) {
		return nil, &os.PathError{Op: "mkdir", Path: name, Err: fs.ErrInvalid}
	}
	d, err := OpenDir(root, ".")
	if err != nil {
		return nil, err
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "." {
			continue
		}
		next, err := d.Sub(part)
		if errors.Is(err, os.ErrNotExist) {
			if err = d.Mkdir(part, perm); err == nil {
				next, err = d.Sub(part)
			}
		}
		if err = errors.Join(err, d.Close()); err != nil {
			return nil, err
		}
		d = next
	}
	return d, nil
}
