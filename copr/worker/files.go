package worker

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"mirrorctl/copr"
)

// packages lists what a build left. Its results are a package's word: what is no plain file with the name of a package is
// told as why the build failed, and is not opened.
func packages(dir string) (files []copr.File, why string, err error) {
	names, err := os.ReadDir(dir)
	if err != nil {
		return nil, "", err
	}
	for _, n := range names {
		switch {
		case !n.Type().IsRegular():
			return nil, fmt.Sprintf("it left %q in its results, which is no plain file", n.Name()), nil
		case !plain(n.Name()) || !strings.HasSuffix(n.Name(), ".rpm") || len(n.Name()) > 200:
			return nil, fmt.Sprintf("it left %q in its results, which is no package's name", n.Name()), nil
		}
	}
	if len(names) == 0 {
		return nil, "it left no package", nil
	}
	files, err = list(dir)
	return files, "", err
}

// list returns the files of dir, sorted by name. None may be a link by the time it is opened.
func list(dir string) ([]copr.File, error) {
	names, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []copr.File
	for _, n := range names {
		f, err := os.OpenFile(filepath.Join(dir, n.Name()), os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
		if err != nil {
			return nil, err
		}
		hash := sha256.New()
		size, err := io.Copy(hash, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		files = append(files, copr.File{Name: n.Name(), Size: size, SHA256: hex.EncodeToString(hash.Sum(nil))})
	}
	return files, nil
}

// plain reports whether name is of the letters that a package's file name may have.
func plain(name string) bool {
	return name != "" && name[0] != '.' && name[0] != '-' &&
		strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789-_.+~^") == ""
}

// host is the kernel and its architecture.
func host() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:]) + " " + unix.ByteSliceToString(u.Machine[:])
}
