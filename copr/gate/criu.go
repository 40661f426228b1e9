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
	arch := t.Chroot.Arch
	native := arch == nativeArch() && !g.config.NoKernel
	var reports []copr.Report
	if native {
		busybox, err := g.busybox()
		if err != nil {
			return nil, err
		}
		image, libraries, err := g.criuImage(ctx, arch, root, busybox)
		if err != nil {
			return nil, err
		}
		report, err := g.kernelReport(ctx, arch, evr.Version, image, log)
		if err != nil {
			return nil, err
		}
		report.Host += ", " + libraries
		reports = append(reports, report)
	}
	if native && g.config.VMs == nil {
		return reports, nil
	}
	report, err := g.machine(ctx, arch, evr.Version, root, log)
	if err != nil {
		return nil, err
	}
	return append(reports, report), nil
}

func (g *Gates) machine(ctx context.Context, arch, version, root string, log io.Writer) (copr.Report, error) {
	if g.config.VMs == nil {
		return g.vmReport(ctx, arch, version, nil, log)
	}
	busybox, err := g.config.VMs.Busybox(ctx, arch)
	if err != nil {
		return copr.Report{}, err
	}
	image, libraries, err := g.criuImage(ctx, arch, root, busybox)
	if err != nil {
		return copr.Report{}, err
	}
	report, err := g.vmReport(ctx, arch, version, image, log)
	report.Host += ", " + libraries
	return report, err
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
		return nil, "", fmt.Errorf("gate criu: no root has %s: name one in the builder's configuration", strings.Join(missing, ", "))
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
		return nil, nil, nil, fmt.Errorf("the packages hold no %s: %w", program, err)
	}
	found, missing, err = image.Libraries(program, append([]string{root}, libraries...))
	return image, found, missing, err
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
