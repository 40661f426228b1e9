package rpmbuild

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mirrorctl/copr/sandbox"
)

// Root is a buildroot.
type Root struct {
	Path  string // tree that everybody may read; "" is the host
	Cross *Cross // builds for another architecture than the tree's; nil: natively, or by qemu-user and binfmt
}

// describe says in words what the buildroot is.
func (r Root) describe() string {
	system := "an unnamed system"
	if data, err := os.ReadFile(filepath.Join("/", r.Path, "usr/lib/os-release")); err == nil {
		for line := range strings.Lines(string(data)) {
			if name, ok := strings.CutPrefix(strings.TrimSpace(line), "PRETTY_NAME="); ok {
				system = strings.Trim(name, `"'`)
			}
		}
	}
	switch {
	case r.Path == "":
		system += ", the host's toolchain"
	default:
		system += ", a root tree"
	}
	if r.Cross != nil {
		system += ", cross-compiling by " + r.Cross.triple()
	}
	if r.isDebian() {
		system += "; BuildRequires not checked"
	}
	return system
}

func (r Root) dpkg() string { return filepath.Join("/", r.Path, "var/lib/dpkg/status") }

// isDebian reports whether dpkg installed what is in the root.
func (r Root) isDebian() bool {
	_, err := os.Stat(r.dpkg())
	return err == nil
}

// installed lists what is in the root: name=version of dpkg, or NEVRAs.
func (r Root) installed(ctx context.Context) ([]string, error) {
	data, err := os.ReadFile(r.dpkg())
	if err == nil {
		return dpkgPackages(data), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list the buildroot: %w", err)
	}
	var out bytes.Buffer
	exit, err := sandbox.Run(ctx, sandbox.Command{
		Args:   []string{"rpm", "-qa", "--qf", `%{NAME}-%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}.%{ARCH}\n`},
		Root:   r.Path,
		Output: &out,
		Limits: sandbox.Limits{Wall: 5 * time.Minute, Output: 16 << 20},
	})
	if err != nil {
		return nil, fmt.Errorf("list the buildroot: %w", err)
	}
	if exit.Code != 0 {
		return nil, fmt.Errorf("list the buildroot: rpm -qa ended with %d: %.200s", exit.Code, out.String())
	}
	list := strings.Fields(out.String())
	slices.Sort(list)
	return list, nil
}

// dpkgPackages reads dpkg's status file.
func dpkgPackages(status []byte) []string {
	var list []string
	var name, version string
	installed := false
	lines := bufio.NewScanner(bytes.NewReader(status))
	lines.Buffer(nil, 4<<20)
	for more := true; more; {
		more = lines.Scan()
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch {
		case !more || lines.Text() == "":
			if installed && name != "" {
				list = append(list, name+"="+version)
			}
			name, version, installed = "", "", false
		case field == "Package":
			name = value
		case field == "Version":
			version = value
		case field == "Status":
			installed = value == "install ok installed" || value == "hold ok installed"
		}
	}
	slices.Sort(list)
	return list
}
