// Package vm boots small virtual machines: a kernel of Debian's, an initramfs made here, a serial console.
//
//	Image (files) ─ cpio ─► qemu-system-ARCH ─ console ─► lines, until the machine is off
//
// It owns which emulator and which options boot an architecture, where kernels come from, and what an image is.
// What runs inside is the caller's. A machine has no network and no disk, and is gone when Run returns.
package vm
