package gate

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"
)

// jail runs programs on what is not to be trusted, by bubblewrap: in mount, pid, ipc, uts and (without network) network
// namespaces of their own, with the few capabilities that they are given, and gone when their owner is.
type jail struct {
	binds        []string // arguments of bwrap that make up what is seen
	capabilities []string
	environment  map[string]string
	network      bool
}

// tools is a view of this machine's programs and of nothing else: no home, no state, no secrets.
func tools() []string {
	args := []string{"--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/var", "--dir", "/var/tmp"}
	for _, dir := range []string{"bin", "sbin", "lib", "lib64"} {
		if target, err := os.Readlink("/" + dir); err == nil {
			args = append(args, "--symlink", target, "/"+dir)
		} else {
			args = append(args, "--ro-bind-try", "/"+dir, "/"+dir)
		}
	}
	for _, name := range []string{"passwd", "group", "nsswitch.conf", "hosts", "resolv.conf", "ld.so.cache", "alternatives", "rpm", "pki", "ssl", "ca-certificates"} {
		args = append(args, "--ro-bind-try", "/etc/"+name, "/etc/"+name)
	}
	return args
}

// run runs a command; out gets both of its outputs. The error is that of the command.
func (j jail) run(ctx context.Context, out io.Writer, command ...string) error {
	args := []string{"--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent", "--new-session", "--clearenv",
		"--setenv", "PATH", "/usr/sbin:/usr/bin:/sbin:/bin", "--setenv", "LC_ALL", "C.UTF-8", "--cap-drop", "ALL"}
	if !j.network {
		args = append(args, "--unshare-net")
	}
	for _, c := range j.capabilities {
		args = append(args, "--cap-add", "CAP_"+c)
	}
	for k, v := range j.environment {
		args = append(args, "--setenv", k, v)
	}
	args = slices.Concat(args, j.binds, []string{"--"}, command)
	cmd := exec.CommandContext(ctx, "bwrap", args...)
	cmd.WaitDelay = 10 * time.Second // the pipe ends when the last process of the jail is gone
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%s: %w", command[0], err)
	}
	return nil
}

// capped copies the beginning of what is written: what is under test may print what it likes.
type capped struct {
	to   io.Writer
	room int
}

func (c *capped) Write(p []byte) (int, error) {
	part := p[:min(len(p), c.room)]
	c.room -= len(part)
	if _, err := c.to.Write(part); err != nil {
		return 0, err
	}
	return len(p), nil
}
