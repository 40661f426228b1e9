package gate

import "mirrorctl/copr"

// Known are the skips of the shipped gates that were seen on the kernels of Debian and on machines without the target's
// repositories: what a package's declaration may allow when it has nothing stricter.
func Known() copr.Allowed {
	known := copr.Allowed{}
	for _, arch := range copr.Arches {
		known[arch+"/"+RunnerRoot] = []string{checkDependencies, checkScriptlets, checkScript}
	}
	known["aarch64/"+RunnerVM] = []string{checkPreDump, checkPreDumpLazy}
	return known
}
