package rpmbuild

import (
	"maps"
	"slices"

	"mirrorctl/copr/sandbox"
)

// reproducible makes equal packages of equal sources. The directory is the sandbox's own and so the same everywhere.
var reproducible = map[string]string{
	"_topdir":                            sandbox.Work,
	"_tmppath":                           sandbox.Work + "/tmp",
	"_buildhost":                         "mirrorctl",
	"use_source_date_epoch_as_buildtime": "1",
	"clamp_mtime_to_source_date_epoch":   "1",                          // rpm before 4.20
	"build_mtime_policy":                 "clamp_to_source_date_epoch", // and since
	"source_date_epoch_from_changelog":   "0",                          // the task says it
}

// result puts all packages into one directory, under names of one form.
var result = map[string]string{
	"_rpmdir":      sandbox.Work + "/RPMS",
	"_rpmfilename": "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
	// Optimising at link time names functions by random numbers unless it is told not to; what wants it says so in its spec.
	"_lto_cflags": "%{nil}",
}

// define turns macros into arguments of rpmbuild; later maps win.
func define(all ...map[string]string) []string {
	macros := map[string]string{}
	for _, m := range all {
		maps.Copy(macros, m)
	}
	var args []string
	for _, name := range slices.Sorted(maps.Keys(macros)) {
		value := macros[name]
		if value == "" {
			value = "%{nil}"
		}
		args = append(args, "--define", name+" "+value)
	}
	return args
}
