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

// Outcome is what a machine left.
type Outcome struct {
	Host    string // what the machine was
	Console []byte // what it printed, at most maxConsole
}

// maxConsole bounds what is kept of a console; what a machine prints beyond is thrown away.
const maxConsole = 1 << 20

// ErrStillOn says that a machine did not power off in its time.
var ErrStillOn = errors.New("the machine was still on")

// Run boots the image and returns what the machine printed until it powered off; log gets it as it comes. The first process
// is the image's /init. A machine that is still on after Timeout is ErrStillOn, beside what it printed. The emulator is gone
// when Run returns.
func (m *Machines) Run(ctx context.Context, arch string, image *Image, log io.Writer) (Outcome, error) {
	out, err := m.run(ctx, arch, image, log)
	if err != nil {
		err = fmt.Errorf("boot %s: %w", arch, err)
	}
	return out, err
}

func (m *Machines) run(ctx context.Context, arch string, image *Image, log io.Writer) (Outcome, error) {
	h, ok := hardwares[arch]
	if !ok {
		return Outcome{}, errors.New("no such machine is known")
	}
	emulator, err := exec.LookPath(h.emulator)
	if err != nil {
		return Outcome{}, fmt.Errorf("%w: install Debian's %s", err, h.debian)
	}
	kernel, err := m.kernel(ctx, arch)
	if err != nil {
		return Outcome{}, err
	}
	dir, err := os.MkdirTemp("", "vm-")
	if err != nil {
		return Outcome{}, err
	}
	defer os.RemoveAll(dir)
	if err := image.writeFile(filepath.Join(dir, "initrd")); err != nil {
		return Outcome{}, err
	}

	host, args := "emulated by "+h.emulator, h.options
	if !m.NoKVM && h.accelerated(arch) {
		host, args = "KVM", h.kvm
	}
	timeout := m.Timeout
	if timeout == 0 {
		timeout = 10 * time.Minute
	}
	within, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(within, emulator, append(args[:len(args):len(args)], "-m", "1024", "-nodefaults", "-nic", "none",
		"-display", "none", "-serial", "stdio", "-no-reboot", "-kernel", kernel, "-initrd", "initrd",
		"-append", "console="+h.console+" panic=-1 quiet")...)
	cmd.Dir, cmd.WaitDelay = dir, 5*time.Second
	var errs bytes.Buffer
	console := &console{log: log}
	cmd.Stdout, cmd.Stderr = console, &errs
	err = runWithOwner(cmd)
	out := Outcome{Host: filepath.Base(kernel) + ", " + host, Console: console.kept}
	switch {
	case ctx.Err() != nil:
		return out, ctx.Err()
	case within.Err() != nil:
		return out, fmt.Errorf("%w after %s", ErrStillOn, timeout)
	case err != nil:
		return out, fmt.Errorf("%s: %w: %s", h.emulator, err, lastLine(errs.String()))
	}
	return out, nil
}

// runWithOwner runs a process that is killed when this one dies, however it dies. The kernel ties that to the thread that
// started it, so the thread has to stay.
func runWithOwner(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd.Run()
}

// console keeps the beginning of what a machine prints.
type console struct {
	log  io.Writer
	kept []byte
}

func (c *console) Write(p []byte) (int, error) {
	if room := maxConsole - len(c.kept); room > 0 {
		part := p[:min(len(p), room)]
		c.kept = append(c.kept, part...)
		if _, err := c.log.Write(part); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func nativeArch() string {
	return map[string]string{"amd64": "x86_64", "arm64": "aarch64", "ppc64le": "ppc64le", "s390x": "s390x"}[runtime.GOARCH]
}
