package fit

import (
	"context"
	"io/fs"

	"mirrorctl/copr"
)

// Profile is how packages for a target (epel-9, fedora-44) are written unless a project says otherwise. ok is false for a
// target that is not known.
func Profile(target string) (p copr.Profile, ok bool) { return copr.Profile{}, false }

// Expect is what the packages are held against.
type Expect struct {
	Chroot  copr.Chroot
	Package string // of the source
	EVR     string // of the source package; the binary packages' may differ in the dist tag
	Profile copr.Profile
	SRPM    copr.File
	// Target is what the chroot's distribution provides; nil leaves closure undecided.
	Target *Target
	// SetID lists paths that may be setuid or setgid. Paths are exact.
	SetID []string
}

// Check judges the packages of one delivery, named by path. The report's gate is fit, its runner hub; its checks are identity,
// files, elf, rpmlib, glibc and closure. The error is for what could not be read at all because of this machine; a package
// that cannot be read fails identity.
func Check(ctx context.Context, e Expect, packages []string) (copr.Report, error) {
	return copr.Report{}, nil
}

// Target is what the repositories of a distribution offer.
type Target struct{}

// Load reads the metadata of repositories: directories of fsys that hold a repodata/.
func Load(ctx context.Context, fsys fs.FS, dirs ...string) (*Target, error) { return nil, nil }
