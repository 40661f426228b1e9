package gate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"mirrorctl/copr"
	"mirrorctl/copr/vm"
)

// criuCapabilities is what CRIU needs to look into a process and to make one. Who has them is all but root of this
// machine: a builder that takes packages from strangers sets Config.NoKernel, and proves them in virtual machines.
var criuCapabilities = []string{"SYS_ADMIN", "SYS_PTRACE", "SYS_RESOURCE", "SYS_CHROOT", "NET_ADMIN", "DAC_OVERRIDE", "DAC_READ_SEARCH",
	"CHOWN", "FOWNER", "FSETID", "KILL", "SETUID", "SETGID", "SETPCAP", "CHECKPOINT_RESTORE"}

const (
	kernelLimit = 20              // seconds, of a step
	kernelTime  = 5 * time.Minute // of all checks
	maxOutput   = 4 << 20         // bytes of what they print
)

// kernelReport pivots into the image and runs the named checks on this machine's kernel.
func (g *Gates) kernelReport(ctx context.Context, arch, version string, names []string, image *vm.Image, log io.Writer) (copr.Report, error) {
	report := copr.Report{Gate: NameCRIU, Runner: RunnerKernel, Arch: arch, Host: kernelName()}
	if reason := cannotCheckpoint(); reason != "" {
		report.Checks = skipAll(names, reason)
		return report, nil
	}
	root, err := os.MkdirTemp(g.config.Scratch, "gate-")
	if err != nil {
		return report, err
	}
	defer os.RemoveAll(root)
	if err := image.Unpack(root); err != nil {
		return report, err
	}
	inside, cancel := context.WithTimeout(ctx, kernelTime)
	defer cancel()
	t := newTranscript()
	// The root is a mount of its own: in a plain chroot CRIU does not find the mount of a file.
	ended := jail{
		binds:        []string{"--ro-bind", root, "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/run", "--tmpfs", "/work", "--tmpfs", "/tmp", "--as-pid-1"},
		capabilities: criuCapabilities,
		environment:  environment(names, kernelLimit),
	}.run(inside, &capped{io.MultiWriter(log, t), maxOutput}, "/bin/busybox", "sh", "/checks.sh")
	if ctx.Err() != nil {
		return report, ctx.Err()
	}
	if inside.Err() != nil {
		ended = fmt.Errorf("not done after %s", kernelTime)
	}
	if t.host == "" && ended != nil {
		return report, fmt.Errorf("run the checks: %w", ended)
	}
	report.Checks = t.verdicts(names, version, ended)
	return report, nil
}

// cannotCheckpoint says what this process lacks, "" if nothing.
func cannotCheckpoint() string {
	if _, err := exec.LookPath("bwrap"); err != nil {
		return "no bubblewrap to pivot with: " + err.Error()
	}
	status, err := os.ReadFile("/proc/thread-self/status") // capabilities belong to threads
	if err != nil {
		return err.Error()
	}
	var effective uint64
	for line := range bytes.Lines(status) {
		if hex, ok := bytes.CutPrefix(line, []byte("CapEff:")); ok {
			fmt.Sscanf(string(bytes.TrimSpace(hex)), "%x", &effective)
		}
	}
	if os.Geteuid() != 0 || effective&(1<<unix.CAP_SYS_ADMIN) == 0 || effective&(1<<unix.CAP_SYS_PTRACE) == 0 {
		return "this builder is not root with CAP_SYS_ADMIN and CAP_SYS_PTRACE"
	}
	if _, err := os.Stat("/proc/sys/kernel/ns_last_pid"); errors.Is(err, os.ErrNotExist) {
		return "the kernel has no /proc/sys/kernel/ns_last_pid (CONFIG_CHECKPOINT_RESTORE)"
	}
	return ""
}

func skipAll(names []string, reason string) []copr.Check {
	var all []copr.Check
	for _, name := range names {
		all = append(all, copr.Check{Name: name, Verdict: copr.Skip, Reason: reason})
	}
	return all
}

// kernelName is the running kernel's release and architecture.
func kernelName() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "unknown kernel"
	}
	text := func(b []byte) string { s, _, _ := strings.Cut(string(b), "\x00"); return s }
	return text(u.Release[:]) + " " + text(u.Machine[:])
}
