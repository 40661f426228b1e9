package rpmbuild

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"mirrorctl/copr"
	"mirrorctl/copr/sandbox"
)

// Builder implements copr.Builder.
type Builder struct {
	// Roots are what to build in, by chroot or, for all others, by architecture. The host's own architecture is built in the host where it is not named.
	Roots map[string]Root
	// Limits of a build; Wall is the task's timeout where it has one.
	Limits sandbox.Limits
}

var _ copr.Builder = (*Builder)(nil)

// Name is rpmbuild.
func (b *Builder) Name() string { return "rpmbuild" }

// Build implements copr.Builder.
func (b *Builder) Build(ctx context.Context, t copr.Task, w copr.Workspace) (copr.Outcome, error) {
	root, err := b.root(t.Chroot)
	if err != nil {
		return copr.Outcome{}, err
	}
	out := copr.Outcome{Root: root.describe()}
	if out.Buildroot, err = root.installed(ctx); err != nil {
		return out, err
	}
	macros := define(reproducible, result, root.Cross.macros(), t.Profile.Macros)
	args := []string{"rpmbuild", "--rebuild"}
	if root.isDebian() {
		args = append(args, "--nodeps") // rpm cannot know what dpkg installed
	}
	if root.Cross != nil {
		args = append(args, "--target", t.Chroot.Arch)
	}
	limits := b.Limits
	if t.Timeout > 0 {
		limits.Wall = t.Timeout
	}
	log := &lastError{w: w.Log}
	exit, err := sandbox.Run(ctx, sandbox.Command{
		Args:   append(append(args, macros...), sandbox.Work+"/package.src.rpm"),
		Root:   root.Path,
		Env:    append(epoch(t.Epoch), root.Cross.env()...),
		Files:  []sandbox.File{{Name: "package.src.rpm", Path: w.SRPM}},
		Take:   &sandbox.Take{From: "RPMS", To: w.Results, Suffix: ".rpm", Size: limits.Disk},
		Output: log,
		Limits: limits,
	})
	if err != nil {
		return out, fmt.Errorf("build %s for %s: %w", t.Package, t.Chroot, err)
	}
	out.Exit, out.Reason = exit.Code, exit.Reason
	if out.Exit != 0 && out.Reason == "" {
		out.Reason = log.String()
	}
	if out.Exit == 0 {
		if out.Reason = wrong(exit.Taken, t.Chroot.Arch); out.Reason != "" {
			out.Exit = 1
			for _, name := range exit.Taken {
				if err := os.Remove(filepath.Join(w.Results, name)); err != nil {
					return out, fmt.Errorf("remove what was refused: %w", err)
				}
			}
		}
	}
	return out, nil
}

// wrong says why files are not what a build for an architecture leaves. Whether they hold what their names say is looked at by
// those who read packages.
func wrong(names []string, arch string) string {
	if len(names) == 0 {
		return "rpmbuild left no packages"
	}
	for _, name := range names {
		if !strings.HasSuffix(name, "."+arch+".rpm") && !strings.HasSuffix(name, ".noarch.rpm") {
			return fmt.Sprintf("result %s: neither for %s nor noarch", name, arch)
		}
	}
	return ""
}

// root is the buildroot of a chroot.
func (b *Builder) root(c copr.Chroot) (Root, error) {
	if r, ok := b.Roots[c.String()]; ok {
		return r, nil
	}
	arch := c.Arch
	if r, ok := b.Roots[arch]; ok {
		return r, nil
	}
	if arch == hostArch() {
		return Root{}, nil
	}
	return Root{}, fmt.Errorf("build for %s: this builder has no root tree for it, and the host is %s", arch, hostArch())
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

func epoch(seconds int64) []string {
	if seconds == 0 {
		return nil
	}
	return []string{"SOURCE_DATE_EPOCH=" + strconv.FormatInt(seconds, 10)}
}
