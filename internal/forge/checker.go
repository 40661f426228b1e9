package forge

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mirrorctl/copr"
	"mirrorctl/copr/fit"
)

// checker holds deliveries against their chroots.
type checker struct {
	targets map[string][]string // directories of repodata, by target
}

// Check implements hub.Checker.
func (k *checker) Check(ctx context.Context, p copr.Project, b copr.Build, c copr.BuildChroot, dir string) (copr.Report, error) {
	packages, err := packagesIn(dir)
	if err != nil {
		return copr.Report{}, err
	}
	e := fit.Expect{
		Chroot: c.Chroot, Package: b.Package, EVR: b.EVR, Profile: p.Profiles[c.Chroot.Target()], Names: b.Names, SetID: setID(p, b.Package),
	}
	if e.Target, err = k.target(ctx, c.Chroot); err != nil {
		return copr.Report{}, fmt.Errorf("read the metadata of %s: %w", c.Chroot, err)
	}
	return fit.Check(ctx, e, packages)
}

// setID lists the files of a package that may be setuid, setgid or have capabilities.
func setID(p copr.Project, name string) []string {
	for _, k := range p.Packages {
		if k.Name == name {
			return slices.Sorted(maps.Keys(k.SetID))
		}
	}
	return nil
}

// target is what the chroot's distribution offers; nil where its metadata is not configured.
func (k *checker) target(ctx context.Context, c copr.Chroot) (*fit.Target, error) {
	var dirs []string
	for _, d := range k.targets[c.Target()] {
		dirs = append(dirs, strings.TrimPrefix(filepath.Clean(strings.ReplaceAll(d, "$basearch", c.Arch)), "/"))
	}
	if len(dirs) == 0 {
		return nil, nil
	}
	return fit.Load(ctx, os.DirFS("/"), dirs...)
}

// packagesIn lists the packages of a delivery.
func packagesIn(dir string) ([]string, error) { return filepath.Glob(filepath.Join(dir, "*.rpm")) }
