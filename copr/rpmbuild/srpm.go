package rpmbuild

import (
	"context"
	"errors"
	"io"

	"mirrorctl/copr/sandbox"
)

// SRPM says what a source package is made from.
type SRPM struct {
	Spec    string            // file
	Sources []string          // files, by the names that the spec gives them
	Macros  map[string]string // defined for the spec
	Epoch   int64             // SOURCE_DATE_EPOCH
	Out     string            // directory that takes the package; exists
	Log     io.Writer         // output of rpmbuild. Optional
	Limits  sandbox.Limits    // Optional
}

// MakeSRPM makes a source package in the sandbox and returns the name of the file in s.Out. A spec that cannot be read is
// a *SpecError.
func MakeSRPM(ctx context.Context, s SRPM) (string, error) {
	return "", errors.New("rpmbuild: not yet")
}

// SpecError says why rpmbuild made no source package.
type SpecError struct {
	Exit   int
	Reason string // rpmbuild's last error line
}

func (e *SpecError) Error() string { return "make source package: " + e.Reason }
