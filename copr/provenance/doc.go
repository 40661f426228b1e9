// Package provenance says where packages come from: an in-toto Statement with SLSA's provenance predicate, for one chroot
// of one build.
//
//	subject                the packages, by SHA-256
//	buildDefinition        project, package, version, chroot; spec, sources, source package and buildroot, by digest where there is one
//	runDetails             builder, times; reports of the gates, whether two builds were equal
//
// The signer signs what a complete statement names, and nothing else. The package reads no files and signs nothing itself.
package provenance
