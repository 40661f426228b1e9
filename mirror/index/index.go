// Package index knows what lies in the root: every directory and file, with size, time
// and type, so that no request walks a tree.
//
// An Index is an immutable value. Scan makes one from the root, quickly when it is given the previous
// one; Load and Save keep it between runs:
//
//	<state>/index/root.idx    one file, replaced as a whole; see encode.go
//
// It promises to never follow a symbolic link and to never leave the root, to treat whatever it
// finds in its own file as hostile, and to let a directory that vanishes under a scan vanish. It leaves to others what
// the files mean: the layout says which directory is which repository.
//
// A rescan trusts a directory whose device, inode, mtime and ctime have not changed since it
// was last read. So it sees files come, go and be replaced by rename, which is how rsync, createrepo_c
// and every careful writer publish. A file overwritten or truncated in place leaves its directory
// as it was: only a full scan sees that.
package index

import (
	"iter"
	"slices"
	"strings"
	"time"

	"mirrorctl/mirror"
)

// Type says what an entry is.
type Type uint8

// The types of entries.
const (
	File Type = iota
	Dir
	Symlink
	Special // a device, socket or fifo
)

// Entry is a name in a directory.
type Entry struct {
	Name  string
	Size  int64 // bytes; of a symbolic link, of its target's name
	MTime int64 // nanoseconds since 1970
	Inode uint64
	Links uint32 // names of the inode, in the root or elsewhere
	Type  Type
}

// ModTime is MTime as a time.
func (e Entry) ModTime() time.Time { return time.Unix(0, e.MTime).UTC() }

// Index is what lay in the root when it was scanned.
type Index struct {
	root  *node
	dirs  map[mirror.Path]*node
	files int
}

// node is a directory. Nodes are never changed once their index is made, and shared between indexes.
type node struct {
	name    string // "" for the root
	stamp   stamp
	entries []Entry // sorted by name
	dirs    []*node // those of the entries that are directories, in the same order
}

// sub finds a directory by name; nil where there is none, or no n.
func (n *node) sub(name string) *node {
	if n == nil {
		return nil
	}
	i, ok := slices.BinarySearchFunc(n.dirs, name, func(d *node, name string) int { return strings.Compare(d.name, name) })
	if !ok {
		return nil
	}
	return n.dirs[i]
}

// stamp identifies a directory and the state it was read in. It is zero but for racy where
// the directory could not be read.
type stamp struct {
	dev, inode   uint64
	mtime, ctime int64 // nanoseconds
	racy         bool  // it may have changed after it was read without the times showing it
}

// newIndex makes the table of directories.
func newIndex(root *node) *Index {
	x := &Index{root: root, dirs: map[mirror.Path]*node{}}
	x.add("", root)
	return x
}

func (x *Index) add(p mirror.Path, n *node) {
	x.dirs[p] = n
	x.files += len(n.entries) - len(n.dirs)
	for _, dir := range n.dirs {
		x.add(p.Join(mirror.Path(dir.name)), dir)
	}
}

func (n *node) find(name string) (int, bool) {
	return slices.BinarySearchFunc(n.entries, name, func(e Entry, name string) int { return strings.Compare(e.Name, name) })
}

// ReadDir lists the directory p, sorted by name. The caller must not change the slice.
func (x *Index) ReadDir(p mirror.Path) ([]Entry, bool) {
	n, ok := x.dirs[p]
	if !ok {
		return nil, false
	}
	return n.entries, true
}

// Stat finds the entry of p; the root has none.
func (x *Index) Stat(p mirror.Path) (Entry, bool) {
	if n, ok := x.dirs[p.Dir()]; ok && p != "" {
		if i, ok := n.find(p.Base()); ok {
			return n.entries[i], true
		}
	}
	return Entry{}, false
}

// Files yields every entry that is not a directory, a directory's before those of the directories in it.
func (x *Index) Files() iter.Seq2[mirror.Path, Entry] {
	return func(yield func(mirror.Path, Entry) bool) {
		for p, n := range x.walk() {
			for _, e := range n.entries {
				if e.Type != Dir && !yield(p.Join(mirror.Path(e.Name)), e) {
					return
				}
			}
		}
	}
}

// walk yields the directories, each before those in it, in the order of their names.
func (x *Index) walk() iter.Seq2[mirror.Path, *node] {
	return func(yield func(mirror.Path, *node) bool) { x.root.walk("", yield) }
}

func (n *node) walk(p mirror.Path, yield func(mirror.Path, *node) bool) bool {
	if !yield(p, n) {
		return false
	}
	for _, dir := range n.dirs {
		if !dir.walk(p.Join(mirror.Path(dir.name)), yield) {
			return false
		}
	}
	return true
}

// Len counts the files (all that is not a directory) and the directories, the root included.
func (x *Index) Len() (files, dirs int) { return x.files, len(x.dirs) }
