// Package rpmbuild builds packages with rpmbuild in a sandbox: the hub's own builder, which needs no more than Debian's
// packages rpm and bubblewrap. It also makes source packages, since reading a spec runs what stands in it.
//
// The buildroot is the host's toolchain, read-only, or a root tree given per architecture; a tree may hold a cross-compiler.
// A builder does not install BuildRequires: where the root has an rpm database they are checked, elsewhere (Debian) rpm cannot
// know them and --nodeps is given. Outcome says what the root was and what was installed in it.
package rpmbuild
