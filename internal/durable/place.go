package durable

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
)

var placed atomic.Uint64

// TempFor is a temporary name for base that carries an owner's word, so that the owner can
// find what it left behind. It is unique within this process.
func TempFor(owner, base string) string {
	if len(base) > 100 { // NAME_MAX is 255
		base = base[:100]
	}
	return fmt.Sprintf("%s%s-%d.%d-%s", TempPrefix, owner, os.Getpid(), placed.Add(1), base)
}

// isTempOf reports whether base is a temporary name made by TempFor for owner.
func isTempOf(owner, base string) bool { return strings.HasPrefix(base, TempPrefix+owner+"-") }

// Sweep unlinks the temporary files of owner in d. Only the owner itself may call it.
func (d *Dir) Sweep(owner string) error {
	names, err := d.Names()
	if err != nil {
		return err
	}
	for _, name := range names {
		if isTempOf(owner, name) {
			if err := d.Unlink(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// Place makes a new file in d under name: complete and with its bytes, owner, mode and time
// durable before the name appears, or not at all. It replaces nothing: the error wraps
// fs.ErrExist where the name is taken. The name itself is durable only once the caller
// has called Sync; many files may share that.
//
//	openat temp O_EXCL → fill → utimens, fchmod → fsync → check → renameat2 NOREPLACE
//
// check, which may be nil, sees the file once it is on the disk: who wants to read it back from there needs
// no fsync of his own. What it refuses gets no name. A crash before the rename leaves a temp that nobody reads.
func Place(d *Dir, temp, name string, a Attr, fill, check func(f *os.File) error) (err error) {
	f, err := d.Create(temp, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), d.Unlink(temp))
		} else {
			err = f.Close()
		}
	}()
	if err := fill(f); err != nil {
		return err
	}
	if err := d.SetAttr(temp, a); err != nil {
		return err
	}
	// After the attributes, so that they are as durable as the bytes.
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", f.Name(), err)
	}
	if check != nil {
		if err := check(f); err != nil {
			return err
		}
	}
	return d.Rename(temp, d, name)
}

// PlaceLink makes name in d a symbolic link to target, as Place makes a file.
func PlaceLink(d *Dir, temp, name, target string, a Attr) error {
	if err := d.Symlink(target, temp); err != nil {
		return err
	}
	// A symlink has no descriptor to sync: its inode goes with the directory's fsync on the
	// journaling filesystems, and both are checked again when the archive is verified.
	a.Symlink = true
	err := d.SetAttr(temp, a)
	if err == nil {
		err = d.Rename(temp, d, name)
	}
	if err != nil {
		return errors.Join(err, d.Unlink(temp))
	}
	return nil
}
