//go:build linux && (amd64 || arm64)

package powercut

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"mirrorctl/test/fault/inject"
)

// FS is a kind of file system that can lose its power.
type FS struct {
	Name    string
	size    int64
	mkfs    []string
	options string
}

// The file systems.
var (
	// noauto_da_alloc: ext4 would else flush a file that is renamed over another.
	Ext4 = FS{"ext4", 48 << 20, []string{"mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,nodiscard"}, "commit=300,noauto_da_alloc"}
	// 300 MiB is the least that mkfs.xfs makes; the image is sparse.
	XFS = FS{"xfs", 320 << 20, []string{"mkfs.xfs", "-q", "-f", "-K"}, ""}
)

// Disk is a mounted file system on an image of its own.
type Disk struct {
	Dir   string // where it is mounted
	fs    FS
	image *os.File
}

// NewDisk makes an empty disk and mounts it at dir, which it makes. Close it.
func NewDisk(dir string, fs FS) (*Disk, error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	// In memory: fast, and gone with this process.
	fd, err := unix.MemfdCreate("disk", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make an image: %w", err)
	}
	d := &Disk{Dir: dir, fs: fs, image: os.NewFile(uintptr(fd), dir+" image")}
	if err := d.image.Truncate(fs.size); err != nil {
		return nil, err
	}
	mkfs := exec.Command(fs.mkfs[0], append(fs.mkfs[1:], "/proc/self/fd/3")...)
	mkfs.ExtraFiles = []*os.File{d.image}
	if out, err := mkfs.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", fs.mkfs[0], err, bytes.TrimSpace(out))
	}
	return d, d.mount()
}

func (d *Disk) mount() error {
	loop, err := attach(d.image)
	if err != nil {
		return err
	}
	defer loop.Close() // the mount holds it
	if err := unix.Mount(loop.Name(), d.Dir, d.fs.Name, unix.MS_NOATIME, d.fs.options); err != nil {
		return fmt.Errorf("mount %s at %s: %w", loop.Name(), d.Dir, err)
	}
	return nil
}

func (d *Disk) unmount() error {
	if err := unix.Unmount(d.Dir, 0); err != nil {
		return fmt.Errorf("unmount %s: %w", d.Dir, err)
	}
	return nil
}

// Holds reports whether a call is about a file on the disk.
func (d *Disk) Holds(c inject.Call) bool {
	return slices.ContainsFunc(c.Paths, func(path string) bool { return strings.HasPrefix(path, d.Dir+"/") })
}

// Settle makes what is on the disk durable: the state before the story begins.
func (d *Disk) Settle() error { return d.with(unix.Syncfs) }

// Commit writes the log out, as its timer does every few seconds on a machine in use: every
// name made or removed so far is durable, while bytes that were not synced are not.
func (d *Disk) Commit() error {
	f, err := os.Create(filepath.Join(d.Dir, ".bystander"))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// CutPower stops the disk: nothing that is not durable now ever will be. Every call on
// it fails with EIO until PowerOn.
func (d *Disk) CutPower() error {
	const (
		ioctlShutdown = 0x8004587d // EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN: _IOR('X', 125, __u32)
		noLogFlush    = 2          // EXT4_GOING_FLAGS_NOLOGFLUSH
	)
	return d.with(func(fd int) error { return unix.IoctlSetPointerInt(fd, ioctlShutdown, noLogFlush) })
}

// PowerOn mounts the disk anew; its log is replayed. No process may hold a file open on it.
func (d *Disk) PowerOn() error {
	if err := d.unmount(); err != nil {
		return err
	}
	return d.mount()
}

// Close unmounts the disk and forgets its image.
func (d *Disk) Close() error {
	return errors.Join(d.unmount(), d.image.Close(), os.Remove(d.Dir))
}

func (d *Disk) with(do func(fd int) error) error {
	fd, err := unix.Open(d.Dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open %s: %w", d.Dir, err)
	}
	return errors.Join(do(fd), unix.Close(fd))
}
