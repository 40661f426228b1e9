package fit

import "strings"

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
	el := releaseOfEL(e.Chroot.Target())
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
			case el > 0 && since > el:
				r.failf("%s requires %s, which rpm has from EL %d", p.file, d.Name, since)
			}
		}
	}
	return r
}
