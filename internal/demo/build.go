package demo

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"mirrorctl/repomd"
)

// forge makes the packages of one stage of a distribution.
type forge struct {
	*distribution
	stage stage
	repos []content // what the release package holds
}

// version is a component's, "" where the distribution does not have it.
func (f *forge) version(c *component) string {
	v := c.versions[f.era]
	if v == "release" {
		return f.Version
	}
	return v
}

// build is the number that packagers raise with each build.
func (f *forge) build(c *component) int {
	switch {
	case f.stage == inTesting && c.testing:
		return 3
	case f.stage != released && c.updated:
		return 2
	}
	return 1
}

// inStage reports whether the stage has packages of c.
func (f *forge) inStage(c *component) bool {
	switch {
	case f.version(c) == "":
		return false
	case f.stage == released, f.Product == "el":
		return true
	case f.stage == inTesting:
		return c.testing
	}
	return c.updated || c.binaries[0].kind == kindRepos // released once more, unchanged
}

// common fills in what all packages of a component share.
func (f *forge) common(c *component) pkg {
	release := fmt.Sprintf("%d%s", f.build(c), f.dist)
	built := f.when(f.stage)
	if f.build(c) == 1 && f.Product != "el" {
		built = f.when(released) // a package that is in two stages is one package
	}
	p := pkg{
		version: f.version(c), release: release, built: built, format: repomd.Gzip, md5: f.era == era2008,
		summary: c.summary, license: c.license, url: c.url, group: "Applications/Multimedia",
		changes: []change{{built.Truncate(24 * time.Hour), "RPM Fusion Demo <demo@demo.invalid> - " + f.version(c) + "-" + release, "- Made for the demo"}},
	}
	if f.build(c) > 1 {
		p.changes = append(p.changes, change{f.when(released).Truncate(24 * time.Hour), "RPM Fusion Demo <demo@demo.invalid>", "- First build for the release"})
	}
	if f.index.Compression == "zst" {
		p.format = repomd.Zstd
	}
	return p
}

func (f *forge) srpm(c *component) string {
	return fmt.Sprintf("%s-%s-%d%s.src.rpm", c.name, f.version(c), f.build(c), f.dist)
}

// binary is the package of b for a $basearch.
func (f *forge) binary(c *component, b *subpackage, basearch string) *pkg {
	p := f.common(c)
	p.name, p.arch, p.srpm = c.name+b.suffix, f.rpmArch(basearch), f.srpm(c)
	if b.kind.noarch() {
		p.arch = "noarch"
	}
	if b.summary != "" {
		p.summary = b.summary
	}
	p.description = p.summary + ".\nThis package belongs to a demonstration: it has the name and the dependencies\nof the real one, and random bytes for content."
	evr := p.version + "-" + p.release
	p.provides = []dependency{{p.name, senseEqual, evr}}
	wide := map[string]string{"x86_64": "x86-64", "aarch64": "aarch-64", "ppc64le": "ppc-64"}[basearch]
	lib, mark := "/usr/lib/", ""
	if wide != "" {
		lib, mark = "/usr/lib64/", "()(64bit)"
		if p.arch != "noarch" {
			p.provides = append(p.provides, dependency{p.name + "(" + wide + ")", senseEqual, evr})
		}
	}
	soname := func(name string) string {
		return "lib" + strings.TrimPrefix(strings.TrimSuffix(name, "-libs"), "lib") + ".so.1"
	}
	switch b.kind {
	case kindProgram:
		p.files = append(p.files, f.random(&p, "/usr/bin/"+p.name, 0o100755, b.kib))
	case kindLibrary:
		p.provides = append(p.provides, dependency{name: soname(p.name) + mark})
		p.files = append(p.files, f.random(&p, lib+soname(p.name)+".0", 0o100755, b.kib),
			content{path: lib + soname(p.name), mode: 0o120777, data: []byte(soname(p.name) + ".0")})
	case kindHeaders:
		p.files = append(p.files, f.random(&p, "/usr/include/"+c.name+"/"+c.name+".h", 0o100644, b.kib),
			content{path: "/usr/include/" + c.name, mode: 0o040755})
	case kindData:
		p.files = append(p.files, f.random(&p, "/usr/share/"+p.name+"/data.bin", 0o100644, b.kib),
			content{path: "/usr/share/" + p.name, mode: 0o040755})
	case kindRepos:
		p.files = append(p.files, f.repos...)
	}
	doc := "/usr/share/doc/" + p.name
	p.files = append(p.files, content{path: doc, mode: 0o040755, doc: true},
		content{path: doc + "/README", mode: 0o100644, doc: true, data: []byte(p.description + "\n")})
	for _, name := range b.requires {
		need, nb := find(c.flavor, name)
		switch {
		case f.version(need) == "":
		case need == c:
			p.requires = append(p.requires, dependency{name, senseEqual, evr})
		case nb.kind == kindLibrary:
			p.requires = append(p.requires, dependency{name: soname(name) + mark})
		default:
			p.requires = append(p.requires, dependency{name: name})
		}
	}
	return &p
}

// debuginfo is the package of a component's debug tree.
func (f *forge) debuginfo(c *component, basearch string) *pkg {
	p := f.common(c)
	p.name, p.arch, p.srpm = c.name+"-debuginfo", f.rpmArch(basearch), f.srpm(c)
	p.summary, p.group = "Debug information for package "+c.name, "Development/Debug"
	p.description = "This package provides debug information for package " + c.name + "."
	p.provides = []dependency{{p.name, senseEqual, p.version + "-" + p.release}}
	p.files = []content{f.random(&p, "/usr/lib/debug/usr/bin/"+c.name+".debug", 0o100644, 6)}
	return &p
}

// source is the source package. It is built on the first architecture, as its header says.
func (f *forge) source(c *component) *pkg {
	p := f.common(c)
	p.name, p.arch, p.source = c.name, f.rpmArch(f.arches[0]), true
	p.description = c.summary + "."
	spec := fmt.Sprintf("Name: %s\nVersion: %s\nRelease: %s\nSummary: %s\nLicense: %s\nSource0: %s.tar\n", p.name, p.version, p.release, p.summary, p.license, p.name)
	p.files = []content{f.random(&p, p.name+".tar", 0o100644, 12), {path: p.name + ".spec", mode: 0o100644, data: []byte(spec)}}
	return &p
}

// find returns the binary package of a name. The catalog's own dependencies are checked by a test.
func find(flavor, name string) (*component, *subpackage) {
	for i := range catalog {
		c := &catalog[i]
		if c.flavor != flavor {
			continue
		}
		if j := slices.IndexFunc(c.binaries, func(b subpackage) bool { return c.name+b.suffix == name }); j >= 0 {
			return c, &c.binaries[j]
		}
	}
	return &component{}, &subpackage{}
}

// random is a file that no compression makes smaller; the same for the same package.
func (f *forge) random(p *pkg, name string, mode uint16, kib int) content {
	buf := make([]byte, kib<<10)
	rand.NewChaCha8(sha256.Sum256([]byte(p.fileName() + " " + name))).Read(buf)
	return content{path: name, mode: mode, data: buf}
}
