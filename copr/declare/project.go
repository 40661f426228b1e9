package declare

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mirrorctl/copr"
	"mirrorctl/internal/strict"
)

const defaultKeep = 3

// project checks all but the packages.
func (d *declaration) project() (copr.Project, error) {
	p := copr.Project{Description: strings.TrimSpace(d.Description), Instructions: strings.TrimSpace(d.Instructions), ModuleHotfixes: true, RepoGPGCheck: true}
	if d.Project == "" {
		return p, errors.New("project is missing: owner/name")
	}
	var err error
	if p.Name, err = copr.ParseProjectName(d.Project); err != nil {
		return p, err
	}
	if len(d.Chroots) == 0 {
		return p, errors.New("chroots is missing: what packages are built for, such as epel-9-*")
	}
	if p.Chroots, err = expand(d.Chroots); err != nil {
		return p, err
	}
	switch {
	case len(p.Chroots) > maxChroots:
		return p, fmt.Errorf("%d chroots, at most %d", len(p.Chroots), maxChroots)
	case len(d.Packages.order) == 0:
		return p, errors.New("packages is missing: what is built")
	case len(d.Packages.order) > maxPackages:
		return p, fmt.Errorf("%d packages, at most %d", len(d.Packages.order), maxPackages)
	case len(p.Description) > 64<<10, len(p.Instructions) > 64<<10:
		return p, errors.New("description and instructions may have 64 KiB")
	}
	if d.ModuleHotfixes != nil {
		p.ModuleHotfixes = *d.ModuleHotfixes
	}
	if d.RepoGPGCheck != nil {
		p.RepoGPGCheck = *d.RepoGPGCheck
	}
	p.Publish = copr.Publish{AllOrNothing: d.Publish.AllOrNothing, Keep: defaultKeep, PromoteAfter: time.Duration(d.Publish.PromoteAfter)}
	if d.Publish.Keep != nil {
		if p.Publish.Keep = *d.Publish.Keep; p.Publish.Keep < 0 {
			return p, errors.New("publish.keep is negative; 0 keeps all builds")
		}
	}
	p.Profiles, err = profiles(d.Profiles, p.Chroots)
	return p, err
}

// expand reads chroots. A misspelt one is named with the nearest architecture, as ParseChroot has it.
func expand(patterns []string) ([]copr.Chroot, error) {
	for _, pattern := range patterns {
		if strings.Count(pattern, "*") > 1 || strings.Contains(pattern, "*") && !strings.HasSuffix(pattern, "-*") {
			return nil, fmt.Errorf("chroot %q: * stands for all architectures, and for nothing else: epel-9-*", pattern)
		}
	}
	return copr.ExpandChroots(patterns)
}

func profiles(declared map[string]profile, chroots []copr.Chroot) (map[string]copr.Profile, error) {
	var targets []string
	for _, c := range chroots {
		targets = append(targets, c.Target())
	}
	out := map[string]copr.Profile{}
	for target, d := range declared {
		fail := func(format string, args ...any) error {
			return fmt.Errorf("profiles.%s: %s", target, fmt.Sprintf(format, args...))
		}
		switch {
		case !slices.Contains(targets, target):
			return nil, fail("the project builds for no such target%s", strict.Nearest(target, targets))
		case !slices.Contains([]string{"", "gz", "zst", "xz", "none"}, d.Compression):
			return nil, fail("compression %q: want gz, zst, xz or none", d.Compression)
		case !slices.Contains([]string{"", "sha256", "sha512"}, d.Hash):
			return nil, fail("hash %q: want sha256 or sha512", d.Hash)
		case strings.Trim(d.GLIBC, "0123456789.") != "":
			return nil, fail("glibc %q: want a version, as \"2.34\"", d.GLIBC)
		}
		for name, value := range d.Macros {
			if !isMacro(name) || strings.ContainsAny(value, "\x00\n\r") {
				return nil, fail("macro %q: want a name of letters, digits and _, and a value on one line", name)
			}
		}
		out[target] = copr.Profile{Macros: d.Macros, GLIBC: d.GLIBC, Compression: d.Compression, Hash: d.Hash}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

func isMacro(s string) bool {
	return s != "" && (s[0] < '0' || s[0] > '9') && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}
