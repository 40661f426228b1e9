//go:build linux && (amd64 || arm64)

package inject

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// target finds the absolute path that an operand names, in the eyes of the task.
// ok is false where it names no file: a socket, a pipe, a bad pointer or descriptor,
// on which the kernel may give its own answer.
func target(task int, args [6]uint64, o operand) (path string, ok bool) {
	name := ""
	if o.path != none && args[o.path] != 0 { // utimensat takes a null path for the descriptor itself
		if name, ok = cString(task, uintptr(args[o.path])); !ok {
			return "", false
		}
		if filepath.IsAbs(name) {
			return filepath.Clean(name), true
		}
	}
	link := fmt.Sprintf("/proc/%d/cwd", task)
	if o.dir != cwd && int32(args[o.dir]) != unix.AT_FDCWD {
		link = fmt.Sprintf("/proc/%d/fd/%d", task, int32(args[o.dir]))
	}
	dir, err := os.Readlink(link)
	if err != nil || !filepath.IsAbs(dir) { // "socket:[1]", "anon_inode:[eventfd]"
		return "", false
	}
	return filepath.Join(dir, name), true
}

// cString reads a path from the task's memory, not beyond the page it ends in.
func cString(task int, addr uintptr) (string, bool) {
	const page = 4096
	var text []byte
	for len(text) < unix.PathMax {
		chunk := make([]byte, page-addr%page)
		local := []unix.Iovec{{Base: &chunk[0], Len: uint64(len(chunk))}}
		n, err := unix.ProcessVMReadv(task, local, []unix.RemoteIovec{{Base: addr, Len: len(chunk)}}, 0)
		if err != nil || n <= 0 {
			return "", false
		}
		if i := bytes.IndexByte(chunk[:n], 0); i >= 0 {
			return string(append(text, chunk[:i]...)), true
		}
		text = append(text, chunk[:n]...)
		addr += uintptr(n)
	}
	return "", false
}

// below reports whether path is one of the directories or lies in one.
func below(path string, dirs []string) bool {
	for _, dir := range dirs {
		if rest, ok := strings.CutPrefix(path, dir); ok && (rest == "" || rest[0] == '/' || dir == "/") {
			return true
		}
	}
	return false
}

// spellings are dirs as given and as the kernel will print them.
func spellings(dirs []string) ([]string, error) {
	var all []string
	for _, dir := range dirs {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return nil, err
		}
		real, err := filepath.EvalSymlinks(abs)
		if err != nil {
			return nil, err
		}
		all = append(all, abs)
		if real != abs {
			all = append(all, real)
		}
	}
	return all, nil
}
