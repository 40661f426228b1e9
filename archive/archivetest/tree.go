package archivetest

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func lutimes(name string, t time.Time) error {
	ts := []unix.Timespec{unix.NsecToTimespec(t.UnixNano()), unix.NsecToTimespec(t.UnixNano())}
	return unix.UtimesNanoAt(unix.AT_FDCWD, name, ts, unix.AT_SYMLINK_NOFOLLOW)
}

// Tree describes a directory line by line: everything that an archive must bring back, which
// is what rsync -aH would compare: names, types, modes, times in ns, bytes, targets, hard links.
func Tree(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	first := map[uint64]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, name)
		st, err := os.Lstat(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %s %s", rel, st.Mode(), st.ModTime().UTC().Format(time.RFC3339Nano))
		switch {
		case st.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(name)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " -> %s", target)
		case st.Mode().IsRegular():
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %x", sha256.Sum256(data))
			sys := st.Sys().(*syscall.Stat_t)
			if old, ok := first[sys.Ino]; ok {
				fmt.Fprintf(&b, " = %s", old)
			} else if sys.Nlink > 1 {
				first[sys.Ino] = rel
			}
		}
		b.WriteByte('\n')
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
