// Package sign keeps the keys of projects and signs packages and metadata with them, apart from whoever builds.
//
//	hub ── Client ──► unix socket (0660, peers by uid) ──► Signer ── keys (0700)
//
// The Signer is a process and a user of its own. It sees the whole package, computes every digest itself, and signs only what
// a complete provenance statement names: see Request. It answers with a new signature header; the client puts it in place of
// the old one. A package that was signed before loses that signature. Equal requests make equal bytes as long as the key lives.
//
// A project's newest key signs; the older ones stay in its pubkey.gpg until they are retired, so that what
// they signed can still be installed.
//
// On disk, in the directory of the keys (0700, files 0600):
//
//	<owner>/<project>/<fingerprint>.asc       a private key, armored
//	<owner>/<project>/retired                 fingerprints of keys that are no longer offered, one a line
package sign
