package demo

import (
	"fmt"
	"path"
	"time"

	"mirrorctl/mirror"
	"mirrorctl/repomd/index"
)

// era is a generation of versions: what was new in 2008, 2016 and 2025.
type era int

const (
	era2008 era = iota
	era2016
	era2025
	eras
)

// distribution is a release of Fedora or EL, as RPM Fusion serves it.
type distribution struct {
	mirror.Release
	era     era
	dist    string // the tag at the end of a package's release
	born    time.Time
	arches  []string      // $basearch
	testing bool          // has updates/testing
	index   index.Options // what its createrepo wrote
}

// modern are the architectures that Fedora and EL have now.
var modern = []string{"x86_64", "aarch64", "ppc64le"}

// distributions is the site: four releases that live, three that ended.
var distributions = []distribution{
	{
		Release: mirror.Release{Product: "fedora", Version: "44"}, era: era2025, dist: ".fc44", born: date(2026, 4, 21),
		arches: modern, testing: true, index: index.Options{Compression: "zst"},
	}, {
		Release: mirror.Release{Product: "fedora", Version: "43"}, era: era2025, dist: ".fc43", born: date(2025, 10, 28),
		arches: modern, index: index.Options{Compression: "zst"},
	}, {
		Release: mirror.Release{Product: "fedora", Version: "25"}, era: era2016, dist: ".fc25", born: date(2016, 11, 22),
		arches: []string{"x86_64", "i386", "armhfp", "aarch64", "ppc64le"},
	}, {
		// SHA-1 under its oldest name: yum 3.2.20 of Fedora 10 knew sha256, its createrepo did not write it.
		Release: mirror.Release{Product: "fedora", Version: "10"}, era: era2008, dist: ".fc10", born: date(2008, 11, 25),
		arches: []string{"x86_64", "i386", "ppc"}, index: index.Options{Checksum: "sha", SimpleNames: true},
	}, {
		Release: mirror.Release{Product: "el", Version: "10"}, era: era2025, dist: ".el10", born: date(2025, 5, 20),
		arches: modern, index: index.Options{Compression: "zst"},
	}, {
		Release: mirror.Release{Product: "el", Version: "9"}, era: era2025, dist: ".el9", born: date(2022, 5, 17),
		arches: modern,
	}, {
		Release: mirror.Release{Product: "el", Version: "5"}, era: era2008, dist: ".el5", born: date(2009, 1, 20),
		arches: []string{"x86_64", "i386", "ppc"}, index: index.Options{Checksum: "sha", SimpleNames: true},
	},
}

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 12, 0, 0, 0, time.UTC)
}

// rpmArch is the architecture in the names of the packages that a $basearch gets.
func (d *distribution) rpmArch(basearch string) string {
	switch {
	case basearch == "armhfp":
		return "armv7hl"
	case basearch == "i386" && d.era == era2008 && d.Product == "fedora":
		return "i586"
	case basearch == "i386":
		return "i686"
	}
	return basearch
}

// stage is how far packages have come: each has trees of its own.
type stage int

const (
	released stage = iota
	updated
	inTesting
)

// stages lists those that a distribution has. EL has no tree for what it was released with: all
// that RPM Fusion builds for it is an update.
func (d *distribution) stages() []stage {
	switch {
	case d.Product == "el":
		return []stage{updated}
	case d.testing:
		return []stage{released, updated, inTesting}
	}
	return []stage{released, updated}
}

// when is the time of a stage's packages.
func (d *distribution) when(s stage) time.Time {
	return d.born.AddDate(0, 0, []int{released: 0, updated: 60, inTesting: 90}[s])
}

// tree is the directory of a stage, below free/ or nonfree/.
func (d *distribution) tree(s stage) string {
	switch s {
	case released:
		return fmt.Sprintf("%s/releases/%s/Everything", d.Product, d.Version)
	case inTesting:
		return fmt.Sprintf("%s/updates/testing/%s", d.Product, d.Version)
	}
	return fmt.Sprintf("%s/updates/%s", d.Product, d.Version)
}

// The repositories of a stage.
func (d *distribution) binaryDir(s stage, basearch string) string {
	if s == released {
		return path.Join(d.tree(s), basearch, "os")
	}
	return path.Join(d.tree(s), basearch)
}

func (d *distribution) debugDir(s stage, basearch string) string {
	return path.Join(d.tree(s), basearch, "debug")
}

func (d *distribution) sourceDir(s stage) string {
	if s == released {
		return path.Join(d.tree(s), "source/SRPMS")
	}
	return path.Join(d.tree(s), "SRPMS")
}

// packagesDir is where a package lies in its repository: since 2012 in a folder of its first letter.
func (d *distribution) packagesDir(s stage, name string) string {
	letter := string(name[0] | 0x20)
	switch {
	case d.era == era2008:
		return ""
	case s == released:
		return path.Join("Packages", letter)
	}
	return letter
}
