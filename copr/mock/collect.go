package mock

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	mostFiles = 1000
	mostBytes = 4 << 30
)

// collect copies the packages of mock's results; the source package that it made anew, and its logs, stay. All of them or none.
func collect(from, to string) (err error) {
	in, err := os.OpenRoot(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer out.Close()
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	var done []string
	defer func() {
		for _, name := range done {
			if err != nil {
				out.Remove(name)
			}
		}
	}()
	left := int64(mostBytes)
	for _, e := range entries {
		name := e.Name()
		if !strings.HasSuffix(name, ".rpm") || strings.HasSuffix(name, ".src.rpm") {
			continue
		}
		if len(done) == mostFiles {
			return fmt.Errorf("more than %d results", mostFiles)
		}
		if name[0] == '-' || name[0] == '.' || strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789._+~^-") != "" {
			return fmt.Errorf("result %.200q: not a name for a result", name)
		}
		done = append(done, name)
		n, err := copyFile(in, out, name, left)
		if err != nil {
			return fmt.Errorf("result %s: %w", name, err)
		}
		left -= n
	}
	if len(done) == 0 {
		return errors.New("mock left no packages")
	}
	return nil
}

func copyFile(in, out *os.Root, name string, limit int64) (int64, error) {
	// A fifo would block, a symbolic link lead elsewhere.
	r, err := in.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	var st unix.Stat_t
	if err := unix.Fstat(int(r.Fd()), &st); err != nil {
		return 0, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || st.Nlink != 1 {
		return 0, errors.New("want a regular file with one name")
	}
	if st.Size > limit {
		return 0, fmt.Errorf("over the limit of %d bytes for all", int64(mostBytes))
	}
	w, err := out.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(w, io.LimitReader(r, st.Size))
	return n, errors.Join(err, w.Close())
}

// installed reads the buildroot's packages from the list of mock's plugin package_state; none where mock did not come so far.
func installed(name string) []string {
	f, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	var list []string
	for lines := bufio.NewScanner(io.LimitReader(f, 16<<20)); lines.Scan(); {
		if nevra, _, ok := strings.Cut(lines.Text(), " "); ok {
			list = append(list, nevra)
		}
	}
	slices.Sort(list)
	return list
}
