// Package demo makes a small site that looks like RPM Fusion: free and nonfree, releases,
// updates, updates-testing, debug and source trees, for releases that live and releases that ended.
//
//	DIR/mirrorctl.yaml   the configuration
//	DIR/pub/             the root: free/fedora/releases/25/Everything/x86_64/os, …
//	DIR/archive/         where archived releases go; empty
//	DIR/state/           mirrorctl's own
//	DIR/clients/         .repo files in RPM Fusion's own form
//	DIR/key/             the site's private signing key: made for this directory, good for nothing else
//	DIR/.mirrorctl-demo  says that this is a demo, and whether it is whole
//
// The packages are real: signed, with payload and dependencies that dnf resolves and installs into an
// empty root. They are written here rather than by google/rpmpack, which makes no source packages,
// signs each package twice and knows no digests that the rpm of EL-5 reads.
//
// It promises that equal options and an equal key make equal bytes, that a directory which is
// no demo is refused, and that a demo which is whole is left as it is: its releases may be archived.
package demo
