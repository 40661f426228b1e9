package sandbox

import (
	"fmt"
	"path"
	"strconv"
	"strings"
)

const (
	user = 1000 // the command's user and group, as it sees itself

	passwd = "root:x:0:0:root:/root:/sbin/nologin\nbuild:x:1000:1000::/build:/bin/sh\nnobody:x:65534:65534::/:/sbin/nologin\n"
	groups = "root:x:0:\ntty:x:5:\nbuild:x:1000:\nnogroup:x:65534:\n"
	hosts  = "127.0.0.1 localhost build\n::1 localhost build\n"
)

// arguments are bubblewrap's. Their order is that of the steps it takes.
func arguments(c Command, fds *descriptors, status int) ([]string, error) {
	args := []string{
		"--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try",
		"--uid", strconv.Itoa(user), "--gid", strconv.Itoa(user), "--hostname", "build",
		"--as-pid-1", "--new-session", "--die-with-parent", "--cap-drop", "ALL",
		"--json-status-fd", strconv.Itoa(status),
	}
	add := func(more ...string) { args = append(args, more...) }
	filter, err := fds.data(filterBytes())
	if err != nil {
		return nil, err
	}
	add("--seccomp", strconv.Itoa(filter))

	system, err := systemOf(c.Root)
	if err != nil {
		return nil, err
	}
	add(system...)
	for name, text := range map[string]string{"/etc/passwd": passwd, "/etc/group": groups, "/etc/hosts": hosts} {
		fd, err := fds.data([]byte(text))
		if err != nil {
			return nil, err
		}
		add("--ro-bind-data", strconv.Itoa(fd), name)
	}
	add("--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--size", strconv.Itoa(64<<20), "--tmpfs", "/dev/shm", "--remount-ro", "/dev")
	add("--size", strconv.FormatInt(c.Limits.Disk, 10), "--tmpfs", Work, "--perms", "1777", "--dir", Work+"/tmp", "--dir", "/run", "--dir", "/var")
	add("--symlink", Work[1:]+"/tmp", "/tmp", "--symlink", ".."+Work+"/tmp", "/var/tmp")
	for _, f := range c.Files {
		if f.Name == "" || path.Clean("/" + f.Name)[1:] != f.Name {
			return nil, fmt.Errorf("put %q into the sandbox: want a clean relative name", f.Name)
		}
		fd, err := fds.file(f)
		if err != nil {
			return nil, err
		}
		add("--perms", "0644", "--file", strconv.Itoa(fd), Work+"/"+f.Name)
	}
	add("--remount-ro", "/")

	add("--clearenv", "--setenv", "PATH", "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin",
		"--setenv", "HOME", Work, "--setenv", "TMPDIR", Work+"/tmp", "--setenv", "LANG", "C.UTF-8", "--setenv", "LC_ALL", "C.UTF-8",
		"--setenv", "USER", "build", "--setenv", "SHELL", "/bin/sh", "--setenv", "TZ", "UTC")
	for _, e := range c.Env {
		key, value, _ := strings.Cut(e, "=")
		add("--setenv", key, value)
	}
	dir := c.Dir
	if dir == "" {
		dir = Work
	}
	add("--chdir", dir, "--")
	return append(append(args, wrapper(c.Take)...), c.Args...), nil
}
