package vm

import "os"

// hardware says how an architecture is emulated. The options of qemu are those with which a process was seen to be
// checkpointed and restored inside.
type hardware struct {
	emulator string   // the program
	debian   string   // the package that has it
	kernel   string   // Debian's package that depends on its newest kernel
	options  []string // of the emulated machine
	kvm      []string // of a machine that this processor runs itself; nil where that is not done
	console  string   // the kernel's name of the first serial line
}

var hardwares = map[string]hardware{
	"x86_64": {
		emulator: "qemu-system-x86_64", debian: "qemu-system-x86", kernel: "linux-image-cloud-amd64", console: "ttyS0",
		options: []string{"-M", "q35", "-cpu", "max"},
		kvm:     []string{"-M", "q35", "-cpu", "host", "-accel", "kvm"},
	},
	"aarch64": {
		emulator: "qemu-system-aarch64", debian: "qemu-system-arm", kernel: "linux-image-cloud-arm64", console: "ttyAMA0",
		// Emulating the architected pointer authentication makes the machine several times slower.
		options: []string{"-M", "virt", "-cpu", "max,pauth-impdef=on"},
	},
	"ppc64le": {
		emulator: "qemu-system-ppc64", debian: "qemu-system-ppc", kernel: "linux-image-powerpc64le", console: "hvc0",
		// The emulator has none of the workarounds for Spectre that the machine promises by default, and would not start.
		options: []string{"-M", "pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken"},
	},
	"s390x": {
		emulator: "qemu-system-s390x", debian: "qemu-system-misc", kernel: "linux-image-s390x", console: "ttysclp0",
		options: []string{"-M", "s390-ccw-virtio", "-cpu", "max"},
	},
}

// accelerated reports whether this processor runs the machine itself.
func (h hardware) accelerated(arch string) bool {
	if h.kvm == nil || arch != nativeArch() {
		return false
	}
	f, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	f.Close()
	return true
}
