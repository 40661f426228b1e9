package index

import (
	"fmt"
	"strings"
)

// File is one file that a package owns. Directory and name are kept apart, as in the header, so that
// a million files in one deep directory share its name.
type File struct {
	Dir   string // with its trailing slash; "" in a source package
	Name  string
	IsDir bool
	Ghost bool   // owned, but not in the payload
	Mode  uint16 // as in st_mode: type, set-id and permission bits
	Caps  string // capabilities, as text: "cap_net_raw=ep"
}

// Path is the file's whole path.
func (f File) Path() string { return f.Dir + f.Name }

const (
	modeType  = 0o170000
	modeDir   = 0o040000
	flagGhost = 1 << 6
)

// isPrimary reports whether a file is listed in primary.xml too, so that a dependency on it needs no
// filelists. The rule is createrepo's and as old as yum: clients count on exactly these.
func isPrimary(path string) bool {
	return strings.HasPrefix(path, "/etc/") || strings.Contains(path, "bin/") || path == "/usr/lib/sendmail"
}

// files reads the file list.
func (h *header) files() ([]File, error) {
	bases, dirs, at := texts(h.main, tagBasenames), texts(h.main, tagDirnames), numbers(h.main, tagDirIndexes)
	if bases == nil {
		bases, dirs, at = splitPaths(texts(h.main, tagOldFilenames))
	}
	modes, flags := numbers(h.main, tagFileModes), numbers(h.main, tagFileFlags)
	caps := texts(h.main, tagFileCaps)
	n := len(bases)
	switch {
	case len(at) != n:
		return nil, fmt.Errorf("header: %d file names, %d directory indexes", n, len(at))
	case caps != nil && len(caps) != n:
		return nil, fmt.Errorf("header: %d file names, %d capabilities", n, len(caps))
	case modes != nil && len(modes) != n, flags != nil && len(flags) != n:
		return nil, fmt.Errorf("header: %d file names, %d modes, %d flags", n, len(modes), len(flags))
	}
	// Written out, a list repeats each directory's name. Real ones grow sixfold.
	room := 1<<20 + 32*(h.end-h.start)
	list := make([]File, n)
	for i := range list {
		f := &list[i]
		if at[i] < 0 || at[i] >= int64(len(dirs)) {
			return nil, fmt.Errorf("header: file %q in directory %d of %d", bases[i], at[i], len(dirs))
		}
		f.Dir, f.Name = dirs[at[i]], bases[i]
		if modes != nil {
			f.Mode = uint16(modes[i])
		}
		if caps != nil {
			f.Caps = caps[i]
		}
		f.IsDir = f.Mode&modeType == modeDir
		f.Ghost = flags != nil && flags[i]&flagGhost != 0
		if room -= int64(len(f.Dir) + len(f.Name)); room < 0 {
			return nil, fmt.Errorf("header: the paths of %d files are too long", n)
		}
	}
	return list, nil
}

// splitPaths brings the whole paths of packages before rpm 4 into the form of later ones.
func splitPaths(paths []string) (bases, dirs []string, at []int64) {
	bases, dirs, at = make([]string, len(paths)), make([]string, len(paths)), make([]int64, len(paths))
	for i, p := range paths {
		cut := strings.LastIndexByte(p, '/') + 1
		bases[i], dirs[i], at[i] = p[cut:], p[:cut], int64(i)
	}
	return bases, dirs, at
}

// Changelog is one entry of a package's change log.
type Changelog struct {
	Author string
	Time   int64 // seconds since 1970
	Text   string
}

func (h *header) changelogs() ([]Changelog, error) {
	times, names, bodies := numbers(h.main, tagChangelogTime), texts(h.main, tagChangelogName), texts(h.main, tagChangelogText)
	if len(times) != len(names) || len(names) != len(bodies) {
		return nil, fmt.Errorf("header: change log of %d times, %d names, %d texts", len(times), len(names), len(bodies))
	}
	list := make([]Changelog, len(times))
	for i := range list {
		list[i] = Changelog{Author: names[i], Time: times[i], Text: bodies[i]}
	}
	return list, nil
}
