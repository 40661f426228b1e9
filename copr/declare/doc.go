// Package declare reads the declarations of projects: the reviewed YAML files of copr.d, one project each.
//
//	project: adrian/criu
//	description: newest CRIU
//	chroots: [epel-8-x86_64, epel-9-*, fedora-44-*]    # * is every architecture
//	publish: {all_or_nothing: false, keep: 3, promote_after: 7d}
//	packages:
//	  criu:
//	    spec: packages/criu/criu.spec                  # relative to copr.d
//	    version: 4.2.1
//	    sources: [{url: "https://…/criu-{version}.tar.xz", sha256: …}]
//	    watch: {github: checkpoint-restore/criu}
//	    gate: criu
//	    allowed: {aarch64/vm: [pre-dump]}
//	    setuid: {/usr/bin/helper: whom it serves}      # refused where it is not declared
//	    exclude: [{chroots: [epel-7-s390x], reason: no compiler}]
//
// It promises that what Load returns is complete and checked: defaults filled in, names good for paths and URLs, chroots
// sorted, every file that is named there and inside the directory. An error is one line with file, line where YAML knows one, and
// what to write instead.
//
// It fetches nothing and does not read specs: those are not to be trusted, and are parsed in the sandbox.
package declare
