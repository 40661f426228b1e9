// Package source turns a declaration into a source package: it fetches what upstream published, checks it against the
// sha256 that was declared or seen first, lays it beside the spec, and has an SRPMMaker make the source package.
//
//	declared: spec, extra files, sources    →  Fetcher: network, no code runs
//	directory: spec + extra + sources       →  SRPMMaker: code may run (a spec's %(…)), no network
//	one .src.rpm                            →  read back: name, version, release
//
// The version that is built reaches the spec as a first line, "%global upstream_version 4.2.1", which is put into the
// source package, so that a rebuild of it anywhere needs no macro from outside. Equal sources and an equal epoch make equal bytes.
package source
