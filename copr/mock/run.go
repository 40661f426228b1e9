package mock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"mirrorctl/copr"
)

// first is the first process of mock's namespaces: when it is killed, so are all, and the kernel returns from waiting for it only then.
const first = `mount --make-rprivate / && mount -t proc proc /proc || exit 80
"$@"
exit $?`

// run runs mock and returns its exit code. When ctx ends, its processes are gone before run returns.
func (b *Builder) run(ctx context.Context, log io.Writer, args []string) (int, error) {
	// The kernel takes the thread that starts it for its parent.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	root := os.Geteuid() == 0
	if root {
		args = append([]string{"/bin/sh", "-c", first, "sh"}, args...)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin", "LANG=C.UTF-8", "HOME=" + b.dir()}
	if path := os.Getenv("PYTHONPATH"); path != "" { // mock's own modules, where it runs in place
		cmd.Env = append(cmd.Env, "PYTHONPATH="+path)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if root {
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL, Setsid: true}
		cmd.Env = append(cmd.Env, "SUDO_UID="+strconv.Itoa(b.user()), "SUDO_GID="+strconv.Itoa(b.user()))
	} else {
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	}
	cmd.WaitDelay = grace
	if err := os.MkdirAll(b.dir(), 0o755); err != nil {
		return 0, err
	}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && ctx.Err() == nil {
		return 0, err
	}
	if code := cmd.ProcessState.ExitCode(); code >= 0 {
		return code, nil
	}
	return 128 + 9, nil
}

// open gives mock's user its way to the source package and to the results: a directory of its own, since those that the caller
// made may be closed to others. close removes it.
func (b *Builder) open(w copr.Workspace, results string) (srpm string, close func(), err error) {
	if os.Geteuid() != 0 {
		return w.SRPM, func() {}, nil
	}
	if err := os.Chown(results, b.user(), b.user()); err != nil {
		return "", nil, err
	}
	for dir := w.Scratch; dir != "/"; dir = filepath.Dir(dir) {
		st, err := os.Stat(dir)
		if err != nil {
			return "", nil, err
		}
		if st.Mode()&0o001 == 0 && dir != w.Scratch {
			return "", nil, fmt.Errorf("directory %s is closed to mock's user: give the builder a scratch directory that others may enter", dir)
		}
	}
	if err := os.Chmod(w.Scratch, 0o711); err != nil {
		return "", nil, err
	}
	srpm = filepath.Join(w.Scratch, "package.src.rpm")
	in, err := os.Open(w.SRPM)
	if err != nil {
		return "", nil, err
	}
	defer in.Close()
	out, err := os.OpenFile(srpm, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return "", nil, err
	}
	_, err = io.Copy(out, in)
	return srpm, func() { os.Remove(srpm) }, errors.Join(err, out.Close())
}

func hostArch() string {
	switch runtime.GOARCH {
	case "amd64":
		return "x86_64"
	case "arm64":
		return "aarch64"
	}
	return runtime.GOARCH // ppc64le, s390x
}

// tail passes output on and keeps its end, where mock says what went wrong.
type tail struct {
	w    io.Writer
	text []byte
}

func (l *tail) Write(p []byte) (int, error) {
	l.text = append(l.text, p[max(0, len(p)-8192):]...)
	l.text = l.text[max(0, len(l.text)-8192):]
	if l.w == nil {
		return len(p), nil
	}
	return l.w.Write(p)
}

// why is the last line that tells of an error, else the last one.
func (l *tail) why() string {
	last, wrong := "", ""
	for line := range strings.Lines(strings.ToValidUTF8(string(l.text), "")) {
		line = strings.Map(func(r rune) rune {
			if r < ' ' {
				return -1
			}
			return r
		}, strings.TrimSpace(line))
		if line == "" {
			continue
		}
		last = line
		if text, ok := strings.CutPrefix(line, "ERROR: "); ok && !strings.HasPrefix(text, "Exception(") && !strings.HasPrefix(text, "Command failed") {
			wrong = text
		} else if text, ok := strings.CutPrefix(line, "error: "); ok {
			wrong = text
		}
	}
	if wrong != "" {
		last = wrong
	}
	return last[:min(len(last), 400)]
}
