// Package index makes repodata: it reads the RPM packages of a directory and writes
// the metadata that dnf, yum and zypper ask for.
//
//	dir/*.rpm ─ ReadPackage ─► Package ─► primary, filelists, other ─► dir/repodata/
//
// It owns the RPM header: no other package of this module reads facts from one. (copr/sign/rpmsig writes the
// signature header before it anew.) It promises that a
// hostile package costs an error and an amount of memory in proportion to its size; that equal
// packages and options give equal bytes; and that every repomd.xml that can be read while Build writes
// finds all its files, whole. (Files without a checksum in their name change under it: there the promise
// holds for whoever finds repomd.xml unchanged after reading them.)
//
// What the metadata says follows createrepo_c, whose output every client is tested
// with; a test compares the two. Checksums, compression and repomd.xml itself are
// package repomd's; the key of a signature (see Signer) and the removal of old generations are left to others.
package index
