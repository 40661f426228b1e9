//go:build linux

package understudy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"mirrorctl/internal/durable"
)

// copyTrees makes trees of from appear in to, each file whole from its first instant; done is told of each.
func (s *study) copyTrees(from, to string, trees []string, done func(path string) error) error {
	type node struct {
		path string
		info fs.FileInfo
	}
	var dirs []node
	first := map[uint64]string{}
	for _, tree := range trees {
		err := filepath.WalkDir(filepath.Join(from, tree), func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			path, err := filepath.Rel(from, name)
			if err != nil {
				return err
			}
			info, err := os.Lstat(name)
			if err != nil {
				return err
			}
			if d.IsDir() {
				dirs = append(dirs, node{path, info})
				return durable.MkdirAll(filepath.Join(to, path), 0o755)
			}
			inode := info.Sys().(*syscall.Stat_t).Ino
			if s.flaw == "journal first" {
				if err := done(path); err != nil {
					return err
				}
			}
			if other, linked := first[inode]; linked && s.flaw != "no hard links" {
				err = link(filepath.Join(to, other), filepath.Join(to, path))
			} else {
				first[inode] = path
				err = s.copyFile(name, filepath.Join(to, path), info)
			}
			if err != nil {
				return err
			}
			return done(path)
		})
		if err != nil {
			return err
		}
	}
	slices.Reverse(dirs)
	for _, d := range dirs {
		if err := finish(filepath.Join(to, d.path), d.info); err != nil {
			return err
		}
	}
	return nil
}

// copyFile: temp → bytes → mode and time → fsync → rename → fsync of the directory.
func (s *study) copyFile(from, to string, info fs.FileInfo) error {
	if same(from, to, info) {
		return durable.SyncDir(filepath.Dir(to)) // what is seen need not be durable yet
	}
	temp := filepath.Join(filepath.Dir(to), durable.TempName(filepath.Base(to)))
	if s.flaw == "in place" {
		temp = to
	}
	if info.Mode().Type() == fs.ModeSymlink {
		target, err := os.Readlink(from)
		if err == nil {
			err = os.Symlink(target, temp)
		}
		if err == nil {
			err = setTime(temp, info)
		}
		if err != nil {
			return err
		}
	} else {
		data, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		if _, err := f.Write(data); err != nil {
			return err
		}
		if s.flaw != "late times" {
			if err := errors.Join(f.Chmod(info.Mode()), setTime(temp, info)); err != nil {
				return err
			}
		}
		if err := f.Sync(); err != nil {
			return err
		}
	}
	if err := os.Rename(temp, to); err != nil {
		return err
	}
	if s.flaw == "late times" && info.Mode().IsRegular() {
		if err := errors.Join(os.Chmod(to, info.Mode()), setTime(to, info)); err != nil {
			return err
		}
	}
	return durable.SyncDir(filepath.Dir(to))
}

// same reports whether a copy is there already.
func same(from, to string, info fs.FileInfo) bool {
	there, err := os.Lstat(to)
	if err != nil || there.Mode() != info.Mode() || there.Size() != info.Size() || !there.ModTime().Equal(info.ModTime()) {
		return false
	}
	if info.Mode().Type() == fs.ModeSymlink {
		a, _ := os.Readlink(from)
		b, _ := os.Readlink(to)
		return a == b
	}
	a, errA := os.ReadFile(from)
	b, errB := os.ReadFile(to)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

func link(from, to string) error {
	if a, err := os.Stat(from); err == nil {
		if b, err := os.Stat(to); err == nil && os.SameFile(a, b) {
			return durable.SyncDir(filepath.Dir(to))
		}
	}
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return errors.Join(os.Link(from, to), durable.SyncDir(filepath.Dir(to)))
}

// finish gives a directory its mode and time, last and durably.
func finish(dir string, info fs.FileInfo) error {
	return errors.Join(os.Chmod(dir, info.Mode()), setTime(dir, info), durable.SyncDir(dir))
}

func setTime(name string, info fs.FileInfo) error {
	ts := unix.NsecToTimespec(info.ModTime().UnixNano())
	return unix.UtimesNanoAt(unix.AT_FDCWD, name, []unix.Timespec{ts, ts}, unix.AT_SYMLINK_NOFOLLOW)
}

// append adds a line to the journal, durably.
func (s *study) append(kind, path string) error {
	dir := filepath.Join(s.state, "jobs", "1")
	if err := durable.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	line, err := json.Marshal(map[string]any{"type": kind, "payload": map[string]string{"path": path}})
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, "journal"), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := cutTail(f); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(f, "%s\n", line); err != nil {
		return err
	}
	return errors.Join(f.Sync(), durable.SyncDir(dir))
}

// cutTail removes a line that a crash left without its end.
func cutTail(f *os.File) error {
	data, err := os.ReadFile(f.Name())
	if err != nil {
		return err
	}
	if end := bytes.LastIndexByte(data, '\n') + 1; end < len(data) {
		return f.Truncate(int64(end))
	}
	return nil
}
