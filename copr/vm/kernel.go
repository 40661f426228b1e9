package vm

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

func (m *Machines) debian(arch string) debian {
	return debian{
		cache:  m.Cache,
		mirror: cmp.Or(m.Mirror, "http://deb.debian.org/debian"),
		suite:  cmp.Or(m.Suite, "trixie"),
		arch:   debianArch[arch],
	}
}

// kernel returns the newest kernel of the suite.
func (m *Machines) kernel(ctx context.Context, arch string) (string, error) {
	d := m.debian(arch)
	var found []string
	err := d.locked(ctx, func() error {
		name, err := d.kernel(ctx, hardwares[arch].kernel)
		if err != nil {
			return err
		}
		dirs, err := d.download(ctx, []string{name})
		if err != nil {
			return err
		}
		found, err = filepath.Glob(filepath.Join(dirs[0], "boot", "vmlinu[xz]-*"))
		return err
	})
	if err != nil {
		return "", err
	}
	if len(found) != 1 {
		return "", fmt.Errorf("find the kernel of %s: %d files in its package", arch, len(found))
	}
	return found[0], nil
}

// Busybox returns a static busybox of the architecture.
func (m *Machines) Busybox(ctx context.Context, arch string) (string, error) {
	d := m.debian(arch)
	var dirs []string
	err := d.locked(ctx, func() (err error) {
		dirs, err = d.download(ctx, []string{"busybox-static"})
		return err
	})
	if err != nil {
		return "", err
	}
	return within(dirs[0], "usr/bin/busybox")
}

// Packages returns directories that hold the packages of Debian, and all that they depend on, unpacked.
func (m *Machines) Packages(ctx context.Context, arch string, names ...string) ([]string, error) {
	d := m.debian(arch)
	var dirs []string
	err := d.locked(ctx, func() error {
		all, err := d.closure(ctx, names)
		if err != nil {
			return err
		}
		dirs, err = d.download(ctx, all)
		return err
	})
	return dirs, err
}

// soname is a library's name as packages are named after it (Debian Policy 8.1): libnl-3.so.200, libnet.so.1.
var soname = regexp.MustCompile(`^(lib[A-Za-z0-9+_.-]{1,60})\.so\.([0-9.]{1,20})$`)

// packageName is the package that is named after a library, "" where none can be.
func packageName(library string) string {
	part := soname.FindStringSubmatch(library)
	if part == nil {
		return ""
	}
	dash := ""
	if last := part[1][len(part[1])-1]; last >= '0' && last <= '9' {
		dash = "-"
	}
	return strings.ToLower(part[1]) + dash + part[2]
}

// LibraryRoots returns directories that hold the libraries, and what those need, from Debian's packages. A library that no
// package is named after is left out: Image.Libraries says that it is missing.
func (m *Machines) LibraryRoots(ctx context.Context, arch string, libraries []string) ([]string, error) {
	d := m.debian(arch)
	names := []string{"libc6"}
	err := d.locked(ctx, func() error {
		for _, l := range libraries {
			name := packageName(l)
			if name == "" {
				continue
			}
			if known := d.known(ctx, []string{name, name + "t64"}); len(known) > 0 {
				names = append(names, known[0])
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return m.Packages(ctx, arch, names...)
}
