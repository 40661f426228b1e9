package fit

import (
	"path"
	"slices"
	"strings"
)

// foreign are directories that belong to the administrator, the users or the running system. /run holds
// what comes and goes, so that a package may own names there but ship nothing.
var foreign = []string{"/usr/local", "/home", "/root", "/tmp", "/var/tmp", "/dev", "/proc", "/sys", "/mnt", "/media", "/builddir", "/usr/src/packages"}

const (
	modeType   = 0o170000
	modeFile   = 0o100000
	modeLink   = 0o120000
	modeDir    = 0o040000
	modeSetID  = 0o6000
	modeSticky = 0o1000
	modeWorld  = 0o0002
)

// files: paths and modes that a package of a distribution may have.
func files(e Expect, all []*pkg) (r result) {
	for _, p := range all {
		for _, f := range p.Files {
			name, mode := f.Path(), f.Mode
			if p.Arch == "src" {
				if strings.ContainsRune(name, '/') || name == "" || name == ".." {
					r.failf("%s: %q is no name of a source", p.file, name)
				}
				continue
			}
			if !path.IsAbs(name) || path.Clean(name) != strings.TrimSuffix(name, "/") && name != "/" || strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == 0x7f }) {
				r.failf("%s: %q is no clean path", p.file, name)
				continue
			}
			for _, dir := range foreign {
				if name == dir || strings.HasPrefix(name, dir+"/") {
					r.failf("%s: %s is below %s, which no package owns", p.file, name, dir)
				}
			}
			if strings.HasPrefix(name, "/run/") && !f.Ghost && mode&modeType != modeDir {
				r.failf("%s: %s is below /run, which is empty after a boot; make it with tmpfiles.d", p.file, name)
			}
			switch mode & modeType {
			case modeFile, modeDir, modeLink:
			default:
				r.failf("%s: %s is a device, a pipe or a socket (mode %o)", p.file, name, mode)
			}
			if mode&modeType == modeFile && mode&modeSetID != 0 && !slices.Contains(e.SetID, name) {
				r.failf("%s: %s is setuid or setgid (mode %o), which the project does not allow", p.file, name, mode&0o7777)
			}
			if f.Caps != "" && !slices.Contains(e.SetID, name) {
				r.failf("%s: %s has the capabilities %s, which the project does not allow", p.file, name, f.Caps)
			}
			if mode&modeWorld != 0 && mode&modeType != modeLink && (mode&modeType != modeDir || mode&modeSticky == 0) {
				r.failf("%s: %s may be written by everyone (mode %o)", p.file, name, mode&0o7777)
			}
		}
	}
	return r
}

// elves: programs and libraries are for the chroot's machine. Data below /usr/share may be for any: an emulator's firmware is.
func elves(e Expect, all []*pkg) (r result) {
	want, known := machines[e.Chroot.Arch]
	if !known {
		r.skipf("the ELF machine of %s is not known", e.Chroot.Arch)
		return r
	}
	for _, p := range all {
		if p.bad != nil {
			r.failf("%s: the payload cannot be read: %v", p.file, p.bad)
		}
		for _, f := range p.elves {
			runs := f.mode&0o111 != 0 || strings.Contains(path.Base(f.path), ".so")
			if !runs || strings.HasPrefix(f.path, "/usr/share/") || strings.HasPrefix(f.path, "/usr/lib/firmware/") {
				continue
			}
			switch {
			case f.machine != want:
				r.failf("%s: %s is for %s", p.file, f.path, f.machine)
			case p.Arch == "noarch":
				r.failf("%s: %s is for %s in a package for all", p.file, f.path, f.machine)
			}
		}
	}
	return r
}
