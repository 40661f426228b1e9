//go:build linux

package oracle

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Entry is one name in a directory tree, with all that a move must keep.
type Entry struct {
	Type   fs.FileMode // of the mode only the type bits
	Mode   fs.FileMode // permissions, setuid, setgid, sticky
	Size   int64       // of a regular file
	MTime  int64       // nanoseconds since 1970
	Inode  uint64
	Links  uint64 // names of the inode, anywhere
	Group  string // the first path of the snapshot with this inode
	SHA256 string // of a regular file
	Target string // of a symlink
}

// Snapshot is a directory tree, by slash-separated path below it; "." is the tree itself.
type Snapshot map[string]Entry

// Take reads every byte below dir. A dir that does not exist gives an empty Snapshot.
func Take(dir string) (Snapshot, error) {
	s := Snapshot{}
	groups := map[uint64]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		e, err := entry(path)
		if err != nil {
			return err
		}
		if !e.Type.IsDir() {
			if _, seen := groups[e.Inode]; !seen {
				groups[e.Inode] = rel
			}
			e.Group = groups[e.Inode]
		}
		s[rel] = e
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) && len(s) == 0 {
		return s, nil
	}
	return s, err
}

func entry(path string) (Entry, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return Entry{}, err
	}
	st := info.Sys().(*syscall.Stat_t)
	e := Entry{
		Type: info.Mode().Type(), Mode: info.Mode() &^ fs.ModeType,
		MTime: info.ModTime().UnixNano(), Inode: st.Ino, Links: uint64(st.Nlink),
	}
	switch {
	case e.Type == fs.ModeSymlink:
		e.Target, err = os.Readlink(path)
	case e.Type.IsRegular():
		e.Size = info.Size()
		e.SHA256, err = sum(path)
	}
	return e, err
}

// Sum is the SHA-256 of data, as entries have it.
func Sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

func sum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Facets says what two entries are compared by, besides type, bytes and symlink target.
type Facets uint8

// The facets.
const (
	Modes    Facets = 1 << iota
	Times           // of files and symlinks
	DirTimes        // of directories
	Inodes
	Groups // which names are hard links of one file
)

// Same says how e and o differ, "" where they do not.
func (e Entry) Same(o Entry, by Facets) string {
	isDir := e.Type.IsDir()
	switch {
	case e.Type != o.Type:
		return fmt.Sprintf("is %v, not %v", o.Type, e.Type)
	case e.Target != o.Target:
		return fmt.Sprintf("points to %q, not %q", o.Target, e.Target)
	case e.Size != o.Size:
		return fmt.Sprintf("has %d bytes, not %d", o.Size, e.Size)
	case e.SHA256 != o.SHA256:
		return "has other bytes"
	case by&Modes != 0 && e.Mode != o.Mode:
		return fmt.Sprintf("has mode %v, not %v", o.Mode, e.Mode)
	case (!isDir && by&Times != 0 || isDir && by&DirTimes != 0) && e.MTime != o.MTime:
		return fmt.Sprintf("has mtime %d, not %d", o.MTime, e.MTime)
	case by&Inodes != 0 && e.Inode != o.Inode:
		return fmt.Sprintf("is inode %d, not %d", o.Inode, e.Inode)
	case by&Groups != 0 && e.Group != o.Group:
		return fmt.Sprintf("is the same file as %s, not %s", o.Group, e.Group)
	}
	return ""
}

// Diff lists what is missing from got, differs, or is there and should not be, in order of path.
func Diff(want, got Snapshot, by Facets) []string {
	all := maps.Clone(want)
	maps.Copy(all, got)
	var diffs []string
	for _, path := range slices.Sorted(maps.Keys(all)) {
		w, wanted := want[path]
		g, there := got[path]
		switch {
		case !there:
			diffs = append(diffs, path+" is missing")
		case !wanted:
			diffs = append(diffs, path+" should not be there")
		default:
			if how := w.Same(g, by); how != "" {
				diffs = append(diffs, path+" "+how)
			}
		}
	}
	return diffs
}

// Under is the part of s at and below the given paths, under its full paths. Groups are named anew.
func (s Snapshot) Under(paths ...string) Snapshot {
	return s.filter(func(path string) bool {
		return slices.ContainsFunc(paths, func(p string) bool { return path == p || strings.HasPrefix(path, p+"/") })
	})
}

// Public is the part of s that belongs to releases: no name begins with ".mirrorctl", and it is not the
// object by which an archive's URL is probed.
func (s Snapshot) Public() Snapshot {
	return s.filter(func(path string) bool {
		return !strings.HasPrefix(path, ".mirrorctl") && !strings.Contains(path, "/.mirrorctl") &&
			path != ".well-known" && path != ".well-known/mirrorctl-probe"
	})
}

// Without is s less what is at and below the given paths.
func (s Snapshot) Without(paths ...string) Snapshot {
	gone := s.Under(paths...)
	return s.filter(func(path string) bool { _, is := gone[path]; return !is })
}

func (s Snapshot) filter(keep func(path string) bool) Snapshot {
	part, groups := Snapshot{}, map[string]string{}
	for _, path := range slices.Sorted(maps.Keys(s)) {
		if !keep(path) {
			continue
		}
		e := s[path]
		if e.Group != "" {
			if _, seen := groups[e.Group]; !seen {
				groups[e.Group] = path
			}
			e.Group = groups[e.Group]
		}
		part[path] = e
	}
	return part
}
