package fit

import (
	"regexp"
	"strings"

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

// features are what packages may ask of rpm itself, and the release of EL that has it; 0 for all that are left. Fedora has
// all of them.
var features = map[string]int{
	"CompressedFileNames": 0, "PayloadFilesHavePrefix": 0, "VersionedDependencies": 0, "ScriptletInterpreterArgs": 0, "PartialHardlinkSets": 0,
	"BuiltinLuaScripts": 0, "FileDigests": 0, "FileCaps": 0, "PayloadIsBzip2": 0, "PayloadIsLzma": 0, "PayloadIsXz": 0, "ExplicitPackageProvide": 0,
	"TildeInVersions": 7, "ScriptletExpansion": 7, "LargeFiles": 8, "RichDependencies": 8, "CaretInVersions": 9, "DynamicBuildRequires": 9,
	"PayloadIsZstd": 9, // rpm 4.14 of EL 8 can be built without
}

// rpmlib: the target's rpm has the features that the packages need.
func rpmlib(e Expect, all []*pkg) (r result) {
	el, isEL := 0, false
	if p, ok := Profile(e.Chroot.Target()); ok {
		_, isEL = p.Macros["rhel"]
	}
	for n := range glibcOfEL {
		major, _, _ := strings.Cut(e.Chroot.Version, ".")
		if isEL && major == itoa(n) {
			el = n
		}
	}
	for _, p := range all {
		for _, d := range p.Requires {
			name, ok := strings.CutPrefix(d.Name, "rpmlib(")
			if !ok {
				continue
			}
			since, known := features[strings.TrimSuffix(name, ")")]
			switch {
			case !known:
				r.failf("%s requires %s, which no rpm is known to have", p.file, d.Name)
			case isEL && since > el:
				r.failf("%s requires %s, which rpm has from EL %d", p.file, d.Name, since)
			}
		}
	}
	return r
}
