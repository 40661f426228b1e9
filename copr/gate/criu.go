package gate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"mirrorctl/copr"
	"mirrorctl/copr/vm"
	"mirrorctl/repomd/index"
)

// criu proves the criu that is installed in root: on this machine's kernel, if that is of the chroot's architecture, and in
// a virtual machine.
func (g *Gates) criu(ctx context.Context, t copr.Task, root string, log io.Writer) ([]copr.Report, error) {
	evr, ok := index.ParseEVR(t.EVR)
	if !ok {
		return nil, fmt.Errorf("gate criu: %q is no version of a package", t.EVR)
	}
	arch, version := t.Chroot.Arch, evr.Version
	native := arch == nativeArch() && !g.config.NoKernel
	var reports []copr.Report
	if native {
		busybox, err := g.busybox()
		if err != nil {
			return nil, err
		}
		report := copr.Report{Gate: NameCRIU, Runner: RunnerKernel, Arch: arch, Host: kernelName()}
		image, libraries, err := g.criuImage(ctx, arch, root, busybox)
		if err == nil {
			report, err = g.kernelReport(ctx, arch, version, kernelChecks, image, log)
		}
		if err := unfit(&report, libraries, err); err != nil {
			return nil, err
		}
		reports = append(reports, report)
	}
	if native && g.config.VMs == nil {
		return reports, nil
	}
	report, err := g.machine(ctx, arch, version, root, log)
	if err != nil {
		return nil, err
	}
	return append(reports, report), nil
}

func (g *Gates) machine(ctx context.Context, arch, version, root string, log io.Writer) (copr.Report, error) {
	report := copr.Report{Gate: NameCRIU, Runner: RunnerVM, Arch: arch, Host: "none"}
	if g.config.VMs == nil {
		report.Checks = skipAll(vmChecks, "this builder has no virtual machines")
		return report, nil
	}
	busybox, err := g.config.VMs.Busybox(ctx, arch)
	if err != nil {
		return report, err
	}
	image, libraries, err := g.criuImage(ctx, arch, root, busybox)
	if err == nil {
		report, err = g.vmReport(ctx, arch, version, image, log)
	}
	return report, unfit(&report, libraries, err)
}

// errUnfit says that the packages hold no criu that could be run: that fails them, and is no fault of the builder's.
var errUnfit = errors.New("no criu to run")

// unfit makes of errUnfit a check that failed, and returns every other error.
func unfit(r *copr.Report, libraries string, err error) error {
	if errors.Is(err, errUnfit) {
		r.Checks = []copr.Check{{Name: checkVersion, Verdict: copr.Fail, Reason: printable(err.Error())}}
		return nil
	}
	r.Host += ", " + libraries
	return err
}

// criuImage is an image with the criu of root and its libraries, and says in words where those came from: from the packages,
// or the target's root that they were installed in, then from Config.Libraries. Where these have not all of them, those
// that root lacks come from Debian's packages, all of them: a loader and a libc of two releases do not fit.
func (g *Gates) criuImage(ctx context.Context, arch, root, busybox string) (*vm.Image, string, error) {
	libraries := g.config.Libraries
	if libraries == nil {
		libraries = []string{"/"}
	}
	image, found, missing, err := imageWith(arch, busybox, root, libraries)
	if err == nil && len(missing) > 0 && g.config.VMs != nil {
		libraries, err = g.config.VMs.LibraryRoots(ctx, arch, slices.Concat(slices.Sorted(maps.Keys(found)), missing))
		if err == nil {
			image, found, missing, err = imageWith(arch, busybox, root, libraries)
		}
	}
	if err != nil {
		return nil, "", fmt.Errorf("gate criu: %w", err)
	}
	if len(missing) > 0 {
		return nil, "", fmt.Errorf("gate criu: %w: no root has %s, name one in the builder's configuration", errUnfit, strings.Join(missing, ", "))
	}
	return image, g.origins(root, found), nil
}

// imageWith is an image with the criu of root, and what Image.Libraries found for it.
func imageWith(arch, busybox, root string, libraries []string) (image *vm.Image, found map[string]string, missing []string, err error) {
	if image, err = newImage(arch, busybox); err != nil {
		return nil, nil, nil, err
	}
	const program = "usr/sbin/criu"
	err = image.CopyFrom(root, program, program)
	if errors.Is(err, fs.ErrNotExist) {
		err = image.CopyFrom(root, "usr/bin/criu", program)
	}
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%w: %w", errUnfit, err)
	}
	if found, missing, err = image.Libraries(program, append([]string{root}, libraries...)); err != nil {
		return nil, nil, nil, fmt.Errorf("%w: %w", errUnfit, err)
	}
	return image, found, missing, nil
}

// origins says how many libraries came from where.
func (g *Gates) origins(root string, found map[string]string) string {
	from := map[string]int{}
	for _, where := range found {
		switch {
		case where == root:
			where = "the packages' root"
		case where == "/":
			where = "the builder"
		case slices.Contains(g.config.Libraries, where):
			where = "the builder's configuration"
		default:
			where = "Debian's packages"
		}
		from[where]++
	}
	var parts []string
	for _, where := range slices.Sorted(maps.Keys(from)) {
		parts = append(parts, fmt.Sprintf("%d libraries of %s", from[where], where))
	}
	return strings.Join(parts, ", ")
}

func (g *Gates) busybox() (string, error) {
	if g.config.Busybox != "" {
		return g.config.Busybox, nil
	}
	name, err := exec.LookPath("busybox")
	if err != nil {
		return "", fmt.Errorf("gate criu: %w: install a static busybox", err)
	}
	return name, nil
}

func nativeArch() string {
	return map[string]string{"amd64": "x86_64", "arm64": "aarch64", "ppc64le": "ppc64le", "s390x": "s390x"}[runtime.GOARCH]
}
