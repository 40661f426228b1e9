package fit

import (
	"regexp"

	"mirrorctl/repomd/index"
)

// symbol is a requirement of a version of the C library's symbols: libc.so.6(GLIBC_2.34)(64bit).
var symbol = regexp.MustCompile(`^[^()]+\.so[^()]*\(GLIBC_([A-Za-z0-9_.]+)\)`)

// abi are the names that glibc gives to what is no symbol, and the version that brought each.
var abi = map[string]string{"ABI_DT_RELR": "2.36", "ABI_GNU_TLS": "2.41", "ABI_GNU2_TLS": "2.42", "ABI_DT_X86_64_PLT": "2.42"}

// glibc: no package asks for symbols that are newer than the target's C library.
func glibc(e Expect, all []*pkg) (r result) {
	floor := e.Profile.GLIBC
	if floor == "" {
		r.skipf("the version of glibc in %s is not known", e.Chroot.Target())
		return r
	}
	for _, p := range all {
		if p.Arch == "src" {
			continue // it requires what it takes to build it
		}
		for _, d := range p.Requires {
			m := symbol.FindStringSubmatch(d.Name)
			if m == nil {
				continue
			}
			version := m[1]
			if v, ok := abi[version]; ok {
				version = v
			}
			switch {
			case version == "PRIVATE":
				r.failf("%s requires %s: the inside of one glibc, which the next may change", p.file, d.Name)
			case version[0] < '0' || version[0] > '9':
				r.failf("%s requires %s: no version of glibc that is known", p.file, d.Name)
			case index.CompareVersions(version, floor) > 0:
				r.failf("%s requires %s; %s has glibc %s: build it against an older one", p.file, d.Name, e.Chroot.Target(), floor)
			}
		}
	}
	return r
}
