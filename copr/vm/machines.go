package vm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

// Machines boots virtual machines of all of copr.Arches. It needs apt and dpkg-deb for their kernels, and the
// qemu-system-ARCH of each architecture.
type Machines struct {
	// Cache keeps kernels and packages of Debian; it is made where it is missing. Required.
	Cache string
	// Mirror and Suite say where they come from. Default http://deb.debian.org/debian and trixie. A program that was built on
	// another release of Debian may want the libraries of that one.
	Mirror, Suite string
	// Timeout ends a machine. Default 10 minutes.
	Timeout time.Duration
	// NoKVM emulates even where the processor could run the machine itself.
	NoKVM bool
}

// maxConsole bounds what a machine may print; what it prints beyond is thrown away.
const maxConsole = 1 << 20

// kvmStart is how long a machine under KVM may say nothing: one inside a machine may have a /dev/kvm with which nothing
// starts, or nothing ends. Then it is emulated.
const kvmStart = 30 * time.Second

// ErrStillOn says that a machine did not power off in its time.
var ErrStillOn = errors.New("the machine was still on")

// Run boots the image, copies to console what the machine prints, a mebibyte at the most, until it powers off, and returns in
// words what the machine was. The first process is the image's /init. A machine that is still on after Timeout is
// ErrStillOn. The emulator is gone when Run returns.
func (m *Machines) Run(ctx context.Context, arch string, image *Image, console io.Writer) (host string, err error) {
	host, err = m.run(ctx, arch, image, console)
	if err != nil {
		err = fmt.Errorf("boot %s: %w", arch, err)
	}
	return host, err
}

func (m *Machines) run(ctx context.Context, arch string, image *Image, console io.Writer) (string, error) {
	h, ok := hardwares[arch]
	if !ok {
		return "", errors.New("no such machine is known")
	}
	emulator, err := exec.LookPath(h.emulator)
	if err != nil {
		return "", fmt.Errorf("%w: install Debian's %s", err, h.debian)
	}
	kernel, err := m.kernel(ctx, arch)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "vm-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	if err := image.writeFile(filepath.Join(dir, "initrd")); err != nil {
		return "", err
	}

	timeout := m.Timeout
	if timeout == 0 {
		timeout = 10 * time.Minute
	}
	within, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	printed := &capped{to: console, room: maxConsole}
	boot := func(ctx context.Context, options []string) error {
		cmd := exec.CommandContext(ctx, emulator, append(options[:len(options):len(options)], "-m", "1024", "-nodefaults", "-nic", "none",
			"-display", "none", "-serial", "stdio", "-no-reboot", "-kernel", kernel, "-initrd", "initrd",
			"-append", "console="+h.console+" panic=-1 quiet loglevel=1")...)
		cmd.Dir, cmd.WaitDelay = dir, 5*time.Second
		var errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = printed, &errs
		if err := runWithOwner(cmd); err != nil {
			return fmt.Errorf("%s: %w: %s", h.emulator, err, lastLine(errs.String()))
		}
		return nil
	}
	host := filepath.Base(kernel) + ", KVM"
	accelerated := !m.NoKVM && h.accelerated(arch)
	if accelerated {
		start, cancel := context.WithCancel(within)
		watch := time.AfterFunc(kvmStart, func() {
			if !printed.any.Load() {
				cancel()
			}
		})
		err = boot(start, h.kvm)
		watch.Stop()
		cancel()
	}
	if !accelerated || !printed.any.Load() && within.Err() == nil {
		host = filepath.Base(kernel) + ", emulated by " + h.emulator
		err = boot(within, h.options)
	}
	switch {
	case ctx.Err() != nil:
		return host, ctx.Err()
	case within.Err() != nil:
		return host, fmt.Errorf("%w after %s", ErrStillOn, timeout)
	}
	return host, err
}

// runWithOwner runs a process that is killed when this one dies, however it dies. The kernel ties that to the thread that
// started it, so the thread has to stay.
func runWithOwner(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd.Run()
}

// capped copies the beginning of what is written.
type capped struct {
	to   io.Writer
	room int
	any  atomic.Bool // something was written
}

func (c *capped) Write(p []byte) (int, error) {
	c.any.Store(true)
	part := p[:min(len(p), c.room)]
	c.room -= len(part)
	if _, err := c.to.Write(part); err != nil {
		return 0, err
	}
	return len(p), nil
}

func nativeArch() string {
	return map[string]string{"amd64": "x86_64", "arm64": "aarch64", "ppc64le": "ppc64le", "s390x": "s390x"}[runtime.GOARCH]
}
