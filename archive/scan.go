package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"mirrorctl/internal/durable"
	"mirrorctl/mirror"
)

// scan is what was found below some trees, at a base directory of root: the root itself,
// the trash or the place where a restore builds.
type scan struct {
	entries  []Entry // sorted by path, without hashes
	leftOut  []mirror.Path
	problems []Problem
}

// scanTrees walks trees below root without following any symlink. A tree that is not there
// contributes nothing. Paths in the result are relative to root.
func scanTrees(ctx context.Context, root *os.Root, trees []mirror.Path) (*scan, error) {
	s := &scan{}
	for _, tree := range trees {
		if err := s.tree(ctx, root, tree); err != nil {
			return nil, err
		}
	}
	sortEntries(s.entries)
	linkGroups(s.entries)
	return s, nil
}

func (s *scan) tree(ctx context.Context, root *os.Root, tree mirror.Path) error {
	parent, err := durable.OpenDir(root, tree.Dir().FS())
	if absent(err) {
		return nil
	} else if err != nil {
		return fmt.Errorf("scan %s: %w", tree, err)
	}
	defer parent.Close()
	st, err := parent.Stat(tree.Base())
	switch {
	case absent(err):
		return nil
	case err != nil:
		return fmt.Errorf("scan %s: %w", tree, err)
	case st.Mode&unix.S_IFMT != unix.S_IFDIR:
		return fmt.Errorf("scan %s: the tree is not a directory (a symlink is not followed)", tree)
	}
	return s.dir(ctx, parent, tree, st)
}

// dir records the directory p, a name in parent, and everything below it.
func (s *scan) dir(ctx context.Context, parent *durable.Dir, p mirror.Path, st unix.Stat_t) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.entries = append(s.entries, entryOf(p, Dir, st))
	d, err := parent.Sub(p.Base())
	if err != nil {
		return s.unreadable(p, err)
	}
	defer d.Close()
	names, err := d.Names()
	if err != nil {
		return s.unreadable(p, err)
	}
	for _, name := range names {
		if err := s.name(ctx, d, p, name); err != nil {
			return err
		}
	}
	return nil
}

func (s *scan) name(ctx context.Context, d *durable.Dir, dir mirror.Path, name string) error {
	p, err := mirror.ParsePath(string(dir) + "/" + name)
	if err != nil {
		s.problem(dir, ProblemName, err.Error())
		return nil
	}
	if mirror.Reserved(name) || mirror.RsyncTemp(name) {
		s.leftOut = append(s.leftOut, p)
		return nil
	}
	st, err := d.Stat(name)
	if absent(err) {
		return nil // gone since the directory was read
	} else if err != nil {
		return s.unreadable(p, err)
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return s.dir(ctx, d, p, st)
	case unix.S_IFREG:
		e := entryOf(p, File, st)
		e.Size = st.Size
		s.entries = append(s.entries, e)
	case unix.S_IFLNK:
		e := entryOf(p, Symlink, st)
		if e.Target, err = d.Readlink(name); err != nil {
			return s.unreadable(p, err)
		}
		s.entries = append(s.entries, e)
	default:
		s.problem(p, ProblemUnsupported, "a device, socket or fifo cannot be archived: remove it")
	}
	return nil
}

func (s *scan) problem(p mirror.Path, kind ProblemKind, text string) {
	s.problems = append(s.problems, Problem{Path: p, Kind: kind, Text: text})
}

// unreadable sorts what is wrong with one name, which the operator is told with all others,
// from what is wrong with the machine, which ends the walk.
func (s *scan) unreadable(p mirror.Path, err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EIO) {
		s.problem(p, ProblemUnreadable, err.Error())
		return nil
	}
	return fmt.Errorf("scan %s: %w", p, err)
}

func entryOf(p mirror.Path, t Type, st unix.Stat_t) Entry {
	return Entry{
		Path: p, Type: t, Mode: st.Mode & 0o7777, MTime: unix.TimespecToNsec(st.Mtim), CTime: unix.TimespecToNsec(st.Ctim),
		Inode: st.Ino, Links: uint64(st.Nlink), UID: st.Uid, GID: st.Gid,
	}
}

// linkGroups gives every further name of an inode its first name. All trees of a release lie
// on one filesystem, or the plan says so; sizes tell apart what inode numbers of two might not.
func linkGroups(entries []Entry) {
	type inode struct {
		number uint64
		size   int64
		mtime  int64
	}
	first := map[inode]mirror.Path{}
	for i := range entries {
		e := &entries[i]
		if e.Type != File || e.Links < 2 {
			continue
		}
		k := inode{e.Inode, e.Size, e.MTime}
		if p, ok := first[k]; ok {
			e.HardLink = p
		} else {
			first[k] = e.Path
		}
	}
}

// same reports whether now is what was found before, as far as stat can tell. Inode and
// ctime are left aside: sure says whether they agree too, and so whether nobody can have
// written the file since.
func same(before, now Entry) (equal, sure bool) {
	equal = before.Type == now.Type && before.Mode == now.Mode && before.Target == now.Target && before.Size == now.Size && before.MTime == now.MTime
	if before.Type == Dir || before.Type == Symlink {
		return equal, equal
	}
	return equal, equal && before.Inode == now.Inode && before.CTime == now.CTime
}

// diffScan compares what a scan finds now with what a plan or manifest says, both sorted.
// It returns the first few differences, each a line for people.
func diffScan(want, got []Entry) []string {
	const most = 10
	var diffs []string
	add := func(format string, args ...any) { diffs = append(diffs, fmt.Sprintf(format, args...)) }
	for i, j := 0, 0; (i < len(want) || j < len(got)) && len(diffs) < most; {
		switch {
		case j == len(got) || i < len(want) && want[i].Path < got[j].Path:
			add("%s is gone", want[i].Path)
			i++
		case i == len(want) || got[j].Path < want[i].Path:
			add("%s is new", got[j].Path)
			j++
		default:
			if equal, _ := same(want[i], got[j]); !equal {
				add("%s has changed", want[i].Path)
			}
			i, j = i+1, j+1
		}
	}
	return diffs
}
