package provenance

import (
	"mirrorctl/copr"
)

// Facts are what a build's record does not hold.
type Facts struct {
	Spec    copr.File     // the spec file; zero where the source is a source package
	Profile copr.Profile  // of the chroot
	Epoch   int64         // SOURCE_DATE_EPOCH
	Gates   []copr.Report // of the hub, beside those that the builder delivered
}

// New states how the packages of one chroot of b came to be. The chroot has a Result. What New was not told is missing from
// the statement: Complete says so.
func New(b *copr.Build, c *copr.BuildChroot, f Facts) *Statement {
	return &Statement{}
}
