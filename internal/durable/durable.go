// Package durable is the one place that makes bytes survive a crash. Every file
// that matters is written through it:
//
//	open temp with O_EXCL in the same directory → write → fsync → rename → fsync directory
//
// so that under a final name there is the old content or the new, never a part,
// and what was reported as written is there after a power cut. A failed fsync is
// final: the temp is discarded and the error returned, since the kernel may have
// dropped the dirty pages and a second fsync would lie.
package durable

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// TempPrefix begins the name of every temporary file made here. Scans, listings and
// archive plans leave such names out.
const TempPrefix = ".mirrorctl-tmp-"

// IsTemp reports whether base is a temporary name of this package.
func IsTemp(base string) bool { return strings.HasPrefix(base, TempPrefix) }

// TempName is a fresh temporary name for base, in the same directory.
func TempName(base string) string {
	var b [8]byte
	rand.Read(b[:])
	if len(base) > 200 { // NAME_MAX is 255
		base = base[:200]
	}
	return TempPrefix + hex.EncodeToString(b[:]) + "-" + base
}

// WriteFile replaces name by a file that holds data, durably.
func WriteFile(name string, data []byte, perm os.FileMode) error {
	return Write(name, perm, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// Write replaces name by what fill writes, durably. When it fails, name is as it was.
func Write(name string, perm os.FileMode, fill func(io.Writer) error) error {
	dir, base := filepath.Split(name)
	if dir == "" {
		dir = "."
	}
	return write(name, filepath.Join(dir, TempName(base)), os.O_EXCL, perm, fill)
}

// Replace is WriteFile for a name that only one process at a time writes: under a lock, or in a directory
// of its own. The temporary file has one name, too, so that what a crash leaves is taken by the next
// write and nothing is ever left for good.
func Replace(name string, data []byte, perm os.FileMode) error {
	dir, base := filepath.Split(name)
	return write(name, filepath.Join(dir, TempPrefix+base), os.O_TRUNC|unix.O_NOFOLLOW, perm, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// Discard removes what a Replace of name left that was cut short. Only who may call Replace may call it.
func Discard(name string) error {
	dir, base := filepath.Split(name)
	if err := os.Remove(filepath.Join(dir, TempPrefix+base)); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// DiscardAll removes every temporary file in dir. Only who alone writes there may call it.
func DiscardAll(dir string) error {
	names, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, n := range names {
		if IsTemp(n.Name()) {
			if err := os.Remove(filepath.Join(dir, n.Name())); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

func write(name, temp string, flags int, perm os.FileMode, fill func(io.Writer) error) error {
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|flags, perm)
	if err != nil {
		return err
	}
	discard := func(err error) error { return errors.Join(err, f.Close(), os.Remove(temp)) }
	if err := fill(f); err != nil {
		return discard(err)
	}
	if err := f.Sync(); err != nil {
		return discard(fmt.Errorf("sync %s: %w", name, err))
	}
	if err := os.Rename(temp, name); err != nil {
		return discard(err)
	}
	// The new content stands under its name: from here on nothing may be removed.
	return errors.Join(f.Close(), SyncDir(filepath.Dir(name)))
}

// SyncDir makes the names in dir durable: what was created, renamed or removed there.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err := d.Sync(); err != nil {
		return errors.Join(fmt.Errorf("sync %s: %w", dir, err), d.Close())
	}
	return d.Close()
}

// MkdirAll makes dir and what is missing above it, each durable in its parent.
func MkdirAll(dir string, perm os.FileMode) error {
	if st, err := os.Stat(dir); err == nil {
		if !st.IsDir() {
			return fmt.Errorf("%s is not a directory", dir)
		}
		return nil
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if parent != dir {
		if err := MkdirAll(parent, perm); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, perm); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return SyncDir(parent)
}

// Rename moves from to to and makes it durable in both directories. It refuses to
// replace anything: the error wraps os.ErrExist.
func Rename(from, to string) error {
	if err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE); err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	dirTo, dirFrom := filepath.Dir(to), filepath.Dir(from)
	if err := SyncDir(dirTo); err != nil {
		return err
	}
	if dirFrom != dirTo {
		return SyncDir(dirFrom)
	}
	return nil
}
