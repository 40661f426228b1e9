package copr

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mirrorctl/mirror"
)

// Arches are the architectures that packages are built for, in the order of every listing.
var Arches = []string{"x86_64", "aarch64", "ppc64le", "s390x"}

// Chroot is what a package is built for, as COPR writes it: epel-9-aarch64, fedora-rawhide-s390x.
type Chroot struct {
	Distribution string // epel, fedora
	Version      string // 9, 44, rawhide
	Arch         string // one of Arches
}

// ParseChroot reads distribution-version-arch. The distribution may hold dashes (centos-stream-9-x86_64).
func ParseChroot(s string) (Chroot, error) {
	bad := fmt.Errorf("chroot %q: want distribution-version-arch, as epel-9-x86_64", s)
	rest, arch, ok := cutLast(s, "-")
	if !ok || len(s) > 100 {
		return Chroot{}, bad
	}
	distribution, version, ok := cutLast(rest, "-")
	if !ok || !isWord(version) {
		return Chroot{}, bad
	}
	for part := range strings.SplitSeq(distribution, "-") {
		if !isWord(part) {
			return Chroot{}, bad
		}
	}
	if !slices.Contains(Arches, arch) {
		return Chroot{}, fmt.Errorf("chroot %q: architecture %q: want one of %s", s, arch, strings.Join(Arches, ", "))
	}
	return Chroot{distribution, version, arch}, nil
}

// String is what ParseChroot reads.
func (c Chroot) String() string {
	if c.IsZero() {
		return ""
	}
	return c.Target() + "-" + c.Arch
}

// Target is the chroot without its architecture: epel-9. It names a release of layout copr.
func (c Chroot) Target() string { return c.Distribution + "-" + c.Version }

// Release is the release whose tree the chroot's repository is, by which it is archived.
func (c Chroot) Release() mirror.Release {
	return mirror.Release{Product: c.Distribution, Version: c.Version}
}

// IsZero reports whether c is no chroot.
func (c Chroot) IsZero() bool { return c == Chroot{} }

// MarshalText writes String.
func (c Chroot) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText wrote, no chroot included.
func (c *Chroot) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*c = Chroot{}
		return nil
	}
	*c, err = ParseChroot(string(text))
	return err
}

// Compare orders by distribution, then newest version first, then Arches.
func (c Chroot) Compare(o Chroot) int {
	return cmp.Or(
		strings.Compare(c.Distribution, o.Distribution),
		compareVersions(o.Version, c.Version),
		cmp.Compare(slices.Index(Arches, c.Arch), slices.Index(Arches, o.Arch)),
	)
}

// compareVersions orders release numbers; a name (rawhide) is newer than any number.
func compareVersions(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// ExpandChroots turns declared chroots into a sorted set: "*" as the architecture stands for all of Arches.
func ExpandChroots(patterns []string) ([]Chroot, error) {
	var all []Chroot
	for _, p := range patterns {
		arches := []string{""}
		if target, ok := strings.CutSuffix(p, "-*"); ok {
			p, arches = target, Arches
		}
		for _, arch := range arches {
			name := p
			if arch != "" {
				name += "-" + arch
			}
			c, err := ParseChroot(name)
			if err != nil {
				return nil, err
			}
			all = append(all, c)
		}
	}
	slices.SortFunc(all, Chroot.Compare)
	return slices.Compact(all), nil
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return "", "", false
	}
	return s[:i], s[i+len(sep):], true
}

// isWord reports whether s is made of letters and digits alone, "." and "_" between them.
func isWord(s string) bool {
	if s == "" || s[0] == '.' || s[0] == '_' {
		return false
	}
	return strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789._") == ""
}
