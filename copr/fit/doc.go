// Package fit answers whether packages fit the chroot that they were built for: name, version, architecture, files, and
// that the target has what they require, the version of its C library first.
//
// It reads packages (through repomd/index) and the target's metadata (through repomd), decides, and explains each refusal
// in one line. It trusts nothing that a builder says beside the packages.
package fit
