// Package gate proves built packages before they are signed: it installs them, and it makes a rebuilt CRIU
// checkpoint and restore a process.
//
//	dir/*.rpm ─ Install ─► a root of the target: dependencies, conflicts, scriptlets, rpm -V, the package's script
//	          └ CRIU ────► an image (criu, its libraries, busybox, a counting process, one script of checks)
//	                        ├ kernel: pivoted into by bubblewrap, on this machine's kernel
//	                        └ vm:     booted by qemu (package vm), on a kernel of the chroot's architecture
//
// A gate runs on the builder, after the build, on unsigned packages. What it finds is a copr.Report: a check is
// skipped only where a probe found that it cannot run, and the reason says what the probe saw. Whether the
// skips are acceptable is not the gate's to say: copr.Report.Judge is.
//
// A gate shows that a package works. It does not show that its maker is honest: the code under test runs as
// root of what it is tested in, and could print what it likes.
package gate
