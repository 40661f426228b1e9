//go:build linux && (amd64 || arm64)

package powercut

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

const isolatedEnv = "FAULT_POWERCUT_ISOLATED"

// Isolate moves this process to a mount namespace of its own, by executing it once more,
// so that disks never show on the machine and vanish with the process however it ends.
// Call it first in TestMain. Without root it does nothing.
func Isolate() {
	if os.Geteuid() != 0 || os.Getenv(isolatedEnv) != "" {
		return
	}
	self, err := os.Executable()
	if err != nil {
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if unix.Unshare(unix.CLONE_NEWNS) != nil || unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "") != nil {
		return // Supported finds the same and says it
	}
	_ = syscall.Exec(self, os.Args, append(os.Environ(), isolatedEnv+"=1"))
}

// Supported returns why disks of this kind cannot be made on this machine; nil if they can.
// It is cheap.
func Supported(fs FS) error {
	if os.Geteuid() != 0 {
		return errors.New("cutting power needs root")
	}
	if os.Getenv(isolatedEnv) == "" {
		return errors.New("cutting power needs a mount namespace, which was refused, or TestMain does not call powercut.Isolate")
	}
	loop, err := freeLoop()
	if err != nil {
		return fmt.Errorf("cutting power needs loop devices: %w", err)
	}
	loop.Close()
	if _, err := exec.LookPath(fs.mkfs[0]); err != nil {
		return fmt.Errorf("cutting power needs %s: %w", fs.mkfs[0], err)
	}
	return nil
}
