package index

import (
	"cmp"
	"strings"
)

// metadataRequires is what of a package's requirements belongs into repodata. What any
// rpm provides, what the package itself brings and what was said before is left out, and of the many
// symbol versions of the C library only the highest is kept: the others follow from it.
func (p *Package) metadataRequires() []Dependency {
	own := map[string]bool{}
	for _, f := range p.Files {
		if path := f.Path(); isPrimary(path) {
			own[path] = true
		}
	}
	provided := map[Dependency]bool{}
	for _, d := range p.Provides {
		provided[d.unflagged()] = true
	}
	said := map[string]Dependency{} // the last requirement of a name
	var list []Dependency
	var libc *Dependency
	for _, d := range p.Requires {
		last, repeated := said[d.Name]
		switch {
		case strings.HasPrefix(d.Name, "rpmlib("), own[d.Name], provided[d.unflagged()]:
			continue
		case repeated && last.unflagged() == d.unflagged() && last.Pre() == d.Pre():
			continue
		case strings.HasPrefix(d.Name, "libc.so.6"):
			if libc == nil || compareLibc(libc.Name, d.Name) < 0 {
				libc = &d
			}
			continue
		}
		said[d.Name] = d
		list = append(list, d)
	}
	if libc != nil {
		list = append(list, *libc)
	}
	return list
}

// unflagged keeps of the flags only the comparison.
func (d Dependency) unflagged() Dependency {
	d.Flags &= senseLess | senseGreater | senseEqual
	return d
}

// compareLibc orders libc.so.6, libc.so.6()(64bit), libc.so.6(GLIBC_PRIVATE), libc.so.6(GLIBC_2.4), …
func compareLibc(a, b string) int {
	rankA, versionA := libcVersion(a)
	rankB, versionB := libcVersion(b)
	return cmp.Or(cmp.Compare(rankA, rankB), CompareVersions(versionA, versionB))
}

func libcVersion(name string) (rank int, version string) {
	_, rest, open := strings.Cut(name, "(")
	symbol, _, closed := strings.Cut(rest, ")")
	switch digits := strings.IndexAny(symbol, "0123456789"); {
	case !open || !closed:
		return 0, ""
	case symbol == "":
		return 1, ""
	case digits < 0:
		return 2, ""
	default:
		return 3, symbol[digits:]
	}
}
