package mock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"mirrorctl/copr"
)

// Builder implements copr.Builder.
type Builder struct {
	// Program is mock. Default: mock in PATH.
	Program string
	// Targets are what a chroot's buildroot is made from, by target (epel-9).
	Targets map[string]Target
	// Dir holds mock's roots and caches. Default /var/lib/mirrorctl-mock.
	Dir string
	// User is whom mock becomes where it does not need to be root. Default nobody's number, 65534.
	User int
}

var _ copr.Builder = (*Builder)(nil)

// Name is mock.
func (b *Builder) Name() string { return "mock" }

// Build implements copr.Builder.
func (b *Builder) Build(ctx context.Context, t copr.Task, w copr.Workspace) (copr.Outcome, error) {
	fail := func(err error) (copr.Outcome, error) {
		return copr.Outcome{}, fmt.Errorf("build %s for %s with mock: %w", t.Package, t.Chroot, err)
	}
	target, ok := b.Targets[t.Chroot.Target()]
	if !ok {
		return fail(fmt.Errorf("no repositories are configured for %s", t.Chroot.Target()))
	}
	program, err := b.program()
	if err != nil {
		return fail(err)
	}
	text, err := target.config(t, b.dir())
	if err != nil {
		return fail(err)
	}
	config, results := filepath.Join(w.Scratch, "mock.cfg"), filepath.Join(w.Scratch, "results")
	// mock reads and writes these as the user that it becomes.
	if err := errors.Join(os.WriteFile(config, []byte(text), 0o644), os.Mkdir(results, 0o700)); err != nil {
		return fail(err)
	}
	srpm, close, err := b.open(w, results)
	if err != nil {
		return fail(err)
	}
	defer close()

	limited := ctx
	if t.Timeout > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, t.Timeout)
		defer cancel()
	}
	log := &tail{w: w.Log}
	code, err := b.run(limited, log, append([]string{program}, arguments(config, results, srpm, t)...))
	if ctx.Err() != nil {
		return copr.Outcome{}, ctx.Err()
	}
	if err != nil {
		return fail(err)
	}
	out := copr.Outcome{Exit: code, Root: target.describe(t.Chroot)}
	out.Buildroot = installed(filepath.Join(results, "installed_pkgs.log"))
	switch {
	case limited.Err() != nil:
		out.Exit, out.Reason = 128+9, fmt.Sprintf("it ran into the time limit of %s", t.Timeout)
	case code == 0:
		if err := collect(results, w.Results); err != nil {
			out.Exit, out.Reason = 1, err.Error()
		}
	case signal(code) != 0:
		out.Exit = 128 + signal(code)
		out.Reason = fmt.Sprintf("signal %d ended rpmbuild", signal(code))
	case ofBuild(code):
		out.Reason = fmt.Sprintf("mock ended with %d: %s", code, log.why())
	default:
		return fail(fmt.Errorf("it ended with %d, which is about this builder: %s", code, log.why()))
	}
	return out, nil
}

// ofBuild reports whether mock's exit code tells of the package (a build, a time limit, its dependencies, a scriptlet), rather than
// of a configuration, a lock or a mount.
func ofBuild(code int) bool {
	switch code {
	case 1, 10, 11, 30, 31, 40:
		return true
	}
	return false
}

// signal is the one that ended rpmbuild: mock leaves with Python's number for it, -9, of which the system keeps one byte.
func signal(code int) int {
	if n := 256 - code; 1 <= n && n <= 64 {
		return n
	}
	return 0
}

// arguments are mock's.
func arguments(config, results, srpm string, t copr.Task) []string {
	args := []string{"-r", config, "--resultdir", results, "--uniqueext", strings.ReplaceAll(t.ID(), "/", "-"), "--no-bootstrap-chroot", "--cleanup-after"}
	if t.Chroot.Arch != hostArch() {
		args = append(args, "--forcearch", t.Chroot.Arch)
	}
	return append(args, "--rebuild", srpm)
}

func (b *Builder) program() (string, error) {
	name := b.Program
	if name == "" {
		name = "mock"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%w: see docs/how-to/mock.md", err)
	}
	return path, nil
}

func (b *Builder) dir() string {
	if b.Dir == "" {
		return "/var/lib/mirrorctl-mock"
	}
	return b.Dir
}

func (b *Builder) user() int {
	if b.User == 0 {
		return 65534
	}
	return b.User
}

// grace is what mock is given to clean up where nobody else can.
const grace = 30 * time.Second
