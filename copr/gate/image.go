package gate

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"mirrorctl/copr/gate/counter"
	"mirrorctl/copr/vm"
)

//go:embed checks.sh
var checks []byte

// initScript is the first process of a virtual machine.
const initScript = `#!/bin/busybox sh
/bin/mount -t proc proc /proc
/bin/mount -t sysfs sys /sys
/bin/mount -t devtmpfs dev /dev
/bin/mount -t tmpfs run /run
/bin/mount -t tmpfs work /work
for module in /modules/*.ko; do /bin/insmod "$module" 2>/dev/null; done
. /env
echo # the kernel may have left a line open
/bin/busybox sh /checks.sh
/bin/poweroff -f
`

// applets are what checks.sh and initScript call of busybox.
var applets = []string{"awk", "cat", "cp", "cut", "date", "dd", "grep", "head", "ifconfig", "insmod", "ip", "kill", "ls", "mkdir", "mount", "od", "poweroff",
	"sed", "setsid", "sh", "sleep", "tail", "timeout", "touch", "tr", "uname", "unshare", "wc"}

// newImage is a root with busybox, the counting process and the script.
func newImage(arch, busybox string) (*vm.Image, error) {
	program, err := counter.Program(arch)
	if err != nil {
		return nil, err
	}
	image := &vm.Image{}
	for _, dir := range []string{"proc", "sys", "dev", "run", "tmp", "work", "usr/sbin", vm.LibraryPath} {
		if err := image.Directory(dir); err != nil {
			return nil, err
		}
	}
	for _, name := range applets {
		if err := image.Symlink("bin/"+name, "busybox"); err != nil {
			return nil, err
		}
	}
	if err := image.Copy("bin/busybox", busybox); err != nil {
		return nil, fmt.Errorf("a static busybox: %w", err)
	}
	for name, content := range map[string][]byte{"counter": program, "checks.sh": checks, "init": []byte(initScript)} {
		if err := image.File(name, 0o755, content); err != nil {
			return nil, err
		}
	}
	return image, nil
}

// environment is what checks.sh wants to know.
func environment(names []string, limit int) map[string]string {
	return map[string]string{
		"LIMIT":           fmt.Sprint(limit),
		"CHECKS":          strings.Join(names, " "),
		"LD_LIBRARY_PATH": vm.LibraryPath,
	}
}

// exports writes an environment for a shell to read.
func exports(env map[string]string) []byte {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(env)) {
		fmt.Fprintf(&b, "export %s='%s'\n", k, env[k])
	}
	return []byte(b.String())
}
