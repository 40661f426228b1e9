package demo

import (
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
)

// Counts is what lies in a root.
type Counts struct {
	Files        int64 // names of regular files
	Inodes       int64 // distinct files: fewer, since names are linked
	Bytes        int64 // what a client would fetch: each name counted
	DiskBytes    int64 // each distinct file counted once
	Packages     int64 // names of packages, source packages included
	Repositories int64
}

func count(root string) (c Counts, err error) {
	seen := map[uint64]bool{}
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		st, err := d.Info()
		if err != nil {
			return err
		}
		c.Files++
		c.Bytes += st.Size()
		if sys := st.Sys().(*syscall.Stat_t); !seen[sys.Ino] {
			seen[sys.Ino] = true
			c.Inodes++
			c.DiskBytes += st.Size()
		}
		switch {
		case strings.HasSuffix(name, ".rpm"):
			c.Packages++
		case d.Name() == "repomd.xml":
			c.Repositories++
		}
		return nil
	})
	return c, err
}
