package fit

import (
	"regexp"
	"slices"
	"strings"

	"mirrorctl/repomd/index"
)

// identity: the packages are what was asked for.
func identity(e Expect, all []*pkg) (r result) {
	want, ok := index.ParseEVR(e.EVR)
	if !ok || want.Version == "" || want.Release == "" {
		r.failf("%q is no version and release", e.EVR)
		return r
	}
	seen, binaries := map[string]string{}, 0
	for _, p := range all {
		nvra := p.Name + "-" + p.Version + "-" + p.Release + "." + p.Arch
		if other, twice := seen[p.Name+"."+p.Arch]; twice {
			r.failf("%s is %s once more, as %s", p.file, p.Name, other)
		}
		seen[p.Name+"."+p.Arch] = p.file
		if p.file != nvra+".rpm" {
			r.failf("%s is %s by its header", p.file, nvra)
		}
		if p.Epoch != want.Epoch || p.Version != want.Version || !e.releaseFits(p.Release, want.Release) {
			r.failf("%s has version %s; want %s, but for the dist tag %s", p.file, p.EVR, want, e.Profile.Macros["dist"])
		}
		if p.Arch == "src" {
			if p.Name != e.Package {
				r.failf("%s is the source of %s; want %s", p.file, p.Name, e.Package)
			}
			continue
		}
		binaries++
		if p.Arch != e.Chroot.Arch && p.Arch != "noarch" {
			r.failf("%s is for %s, which does not belong to %s", p.file, p.Arch, e.Chroot)
		}
		if source := e.Package + "-" + p.Version + "-" + p.Release + ".src.rpm"; p.SourceRPM != source {
			r.failf("%s was made from %q; want %s", p.file, p.SourceRPM, source)
		}
		if e.Names != nil && !slices.Contains(e.Names, declared(p.Name)) && !slices.Contains(e.Names, p.Name) {
			r.failf("%s: the spec declares no package %s", p.file, p.Name)
		}
	}
	if binaries == 0 {
		r.failf("there is no binary package")
	}
	return r
}

// declared is the name that a package of debugging data belongs to.
func declared(name string) string {
	for _, suffix := range []string{"-debuginfo", "-debugsource"} {
		if base, ok := strings.CutSuffix(name, suffix); ok {
			return base
		}
	}
	return name
}

var distTag = regexp.MustCompile(`\.(el|fc)[0-9]+(_[0-9]+)?`)

// releaseFits: the source package may have been made elsewhere, with another dist tag or none.
func (e Expect) releaseFits(got, want string) bool {
	dist := e.Profile.Macros["dist"]
	if tag := distTag.FindString(got); tag != "" && dist != "" && tag != dist {
		return false
	}
	return distTag.ReplaceAllString(got, "") == distTag.ReplaceAllString(want, "")
}
