package rpmbuild

import "strings"

// Cross says how a package that knows how is compiled for another architecture. A spec finds it in the macros
// _cross_compile, _cross_arch, _cross_subarch and _cross_hostcc, and a script in CROSS_COMPILE, ARCH, SUBARCH, HOSTCC;
// rpm's own macros for the tools (__cc, __strip …) follow.
type Cross struct {
	Compile string // CROSS_COMPILE: aarch64-linux-gnu-
	Arch    string // ARCH, as the kernel and CRIU call it: aarch64, ppc64, s390
	Subarch string // SUBARCH
	HostCC  string // HOSTCC. Default gcc
}

// DebianCross is what Debian's crossbuild-essential packages want, by rpm's name of the architecture. What CRIU's build makes
// to run at build time cannot read a big-endian ELF file on a little-endian machine: for s390x that is compiled for the target, too,
// and runs by qemu-user and binfmt.
var DebianCross = map[string]Cross{
	"x86_64":  {Compile: "x86_64-linux-gnu-", Arch: "x86", Subarch: "x86_64", HostCC: "gcc"},
	"aarch64": {Compile: "aarch64-linux-gnu-", Arch: "aarch64", Subarch: "aarch64", HostCC: "gcc"},
	"ppc64le": {Compile: "powerpc64le-linux-gnu-", Arch: "ppc64", Subarch: "ppc64le", HostCC: "gcc"},
	"s390x":   {Compile: "s390x-linux-gnu-", Arch: "s390", Subarch: "s390x", HostCC: "s390x-hostcc"},
}

func (c *Cross) macros() map[string]string {
	if c == nil {
		return nil
	}
	m := map[string]string{
		"_cross_compile": c.Compile, "_cross_arch": c.Arch, "_cross_subarch": c.Subarch, "_cross_hostcc": c.hostCC(),
		"__cc": c.Compile + "gcc", "__cxx": c.Compile + "g++", "__cpp": c.Compile + "gcc -E",
	}
	for _, tool := range []string{"ar", "as", "ld", "nm", "objcopy", "objdump", "ranlib", "strip"} {
		m["__"+tool] = c.Compile + tool
	}
	return m
}

func (c *Cross) env() []string {
	if c == nil {
		return nil
	}
	return []string{"CROSS_COMPILE=" + c.Compile, "ARCH=" + c.Arch, "SUBARCH=" + c.Subarch, "HOSTCC=" + c.hostCC()}
}

func (c *Cross) hostCC() string {
	if c.HostCC == "" {
		return "gcc"
	}
	return c.HostCC
}

// triple is the name of the toolchain: aarch64-linux-gnu.
func (c *Cross) triple() string { return strings.TrimSuffix(c.Compile, "-") }
