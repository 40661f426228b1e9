package source

import (
	"errors"
	"fmt"
	"io/fs"

	"mirrorctl/copr"
	"mirrorctl/internal/egress"
)

// fault is what is wrong with a recipe or its sources: the same again would end the same. It is a copr.ErrRefused. What is not a
// fault is this machine's trouble or the network's, and may be over the next time.
type fault struct{ error }

func faultf(format string, args ...any) error { return fault{fmt.Errorf(format, args...)} }

func (f fault) Unwrap() error        { return f.error }
func (f fault) Is(target error) bool { return target == copr.ErrRefused }

// judged is err, as a fault where it says that the sources are not there, not ours to take, or not what was declared.
func judged(err error) error {
	for _, is := range []error{ErrChecksum, egress.ErrRefused, egress.ErrTooLarge, fs.ErrNotExist, fs.ErrExist, fs.ErrPermission, fs.ErrInvalid} {
		if errors.Is(err, is) {
			return fault{err}
		}
	}
	return err
}
