package gate

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"mirrorctl/copr"
)

// verify holds what was installed against what the packages say.
func (in *installation) verify(ctx context.Context) error {
	began := time.Now()
	verify := []string{"rpm", "--root", "/gate/root", "-V", "--nosignature"}
	if !in.whole { // users that another package makes are not there, either
		verify = append(verify, "--nodeps", "--noscripts", "--nouser", "--nogroup")
	}
	var names []string
	for _, p := range in.packages {
		names = append(names, p.Name)
	}
	text, failed, err := in.run(ctx, false, slices.Concat(verify, names)...)
	if err != nil {
		return err
	}
	if failed != nil {
		in.add(checkVerify, began, copr.Fail, because(text, failed, ".", "missing", "unsatisfied"))
		return nil
	}
	in.add(checkVerify, began, copr.Pass, "")
	return nil
}

// script runs the package's own script in the root, as its shell does, without a network.
func (in *installation) script(ctx context.Context) error {
	began := time.Now()
	if !in.whole {
		in.add(checkScript, began, copr.Skip, "a root without dependencies has no shell")
		return nil
	}
	file := filepath.Join(in.work, "script")
	if err := os.WriteFile(file, []byte(in.task.Script), 0o755); err != nil {
		return err
	}
	inside := jail{
		binds: []string{"--bind", in.root, "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/run",
			"--ro-bind", file, "/tmp/script"},
		capabilities: []string{"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID", "KILL"},
	}
	// Whether this machine runs programs of the architecture is asked, not assumed.
	if probe := inside.run(ctx, in.log, "/bin/sh", "-c", "exit 0"); probe != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if in.task.Chroot.Arch != nativeArch() {
			in.add(checkScript, began, copr.Skip, "this machine does not run programs of "+in.task.Chroot.Arch+": "+probe.Error())
			return nil
		}
	}
	var out bytes.Buffer
	failed := inside.run(ctx, &capped{io.MultiWriter(in.log, &out), maxOutput}, "/bin/sh", "/tmp/script")
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case failed != nil:
		in.add(checkScript, began, copr.Fail, because(out.String(), failed, "error", "fail"))
	default:
		in.add(checkScript, began, copr.Pass, "")
	}
	return nil
}
