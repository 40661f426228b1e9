package index

import (
	"slices"
	"strings"

	"mirrorctl/mirror"

	"golang.org/x/sys/unix"
)

// readDir reads the names in a directory and stats each.
func (s *scanner) readDir(fd int) ([]Entry, error) {
	names, err := readNames(fd)
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	entries := make([]Entry, 0, len(names))
	var st unix.Stat_t
	for i, name := range names {
		if i%256 == 0 && s.ctx.Err() != nil {
			return nil, s.ctx.Err()
		}
		if !servable(name) {
			s.skipped.Add(1)
			continue
		}
		err := retry(func() error { return unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) })
		if err == unix.ENOENT {
			continue // it went between the two calls
		}
		if err != nil {
			return nil, err
		}
		e := entryOf(name, &st)
		if e.Type == File && mirror.RsyncTemp(name) {
			s.skipped.Add(1)
			continue
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// servable reports whether a name can be part of a mirror.Path that is served.
func servable(name string) bool {
	if mirror.Reserved(name) {
		return false
	}
	_, err := mirror.ParsePath(name)
	return err == nil
}

func readNames(fd int) ([]string, error) {
	var names []string
	buf := make([]byte, 64<<10)
	for {
		var n int
		err := retry(func() (err error) {
			n, err = unix.ReadDirent(fd, buf)
			return err
		})
		if err != nil || n <= 0 {
			return names, err
		}
		_, _, names = unix.ParseDirent(buf[:n], -1, names)
	}
}

func entryOf(name string, st *unix.Stat_t) Entry {
	e := Entry{Name: name, Size: st.Size, MTime: st.Mtim.Nano(), Inode: st.Ino, Links: uint32(st.Nlink)}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFDIR:
		// What a file system says here differs from one to the next, and means nothing to a reader.
		e.Type, e.Size, e.Links = Dir, 0, 0
	case unix.S_IFLNK:
		e.Type = Symlink
	default:
		e.Type, e.Size = Special, 0
	}
	return e
}

// settle makes a scanned tree of nodes fit to keep, from the leaves up: directories that vanished
// under the scan are dropped, the entries of the others show their present times, and a node that
// equals its predecessor is replaced by it, so that an unchanged tree stays the same tree.
func settle(n, old *node) *node {
	if n == old {
		return n // a leaf taken over as a whole
	}
	gone := false
	for i, dir := range n.dirs {
		if dir == nil {
			gone = true
			continue
		}
		n.dirs[i] = settle(dir, old.sub(dir.name))
	}
	if gone {
		n.drop()
	}
	n.refresh()
	if old != nil && n.stamp == old.stamp && slices.Equal(n.dirs, old.dirs) && slices.Equal(n.entries, old.entries) {
		return old
	}
	return n
}

// drop removes the entries of directories that are no more.
func (n *node) drop() {
	n.dirs = slices.DeleteFunc(n.dirs, func(d *node) bool { return d == nil })
	kept := make([]Entry, 0, len(n.entries))
	for _, e := range n.entries {
		if e.Type != Dir || n.sub(e.Name) != nil {
			kept = append(kept, e)
		}
	}
	n.entries = kept
}

// refresh copies inode and mtime of the directories to their entries. n's entries
// may belong to the previous index: they are copied before they are changed.
func (n *node) refresh() {
	owned := false
	for _, dir := range n.dirs {
		if dir.stamp.inode == 0 {
			continue
		}
		i, ok := slices.BinarySearchFunc(n.entries, dir.name, func(e Entry, name string) int { return strings.Compare(e.Name, name) })
		if !ok || n.entries[i].MTime == dir.stamp.mtime && n.entries[i].Inode == dir.stamp.inode {
			continue
		}
		if !owned {
			n.entries, owned = slices.Clone(n.entries), true
		}
		n.entries[i].MTime, n.entries[i].Inode = dir.stamp.mtime, dir.stamp.inode
	}
}
