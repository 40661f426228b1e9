package hot

import (
	"errors"
	"fmt"
	"io/fs"

	"mirrorctl/repomd"
)

// Reason says why the repository on disk was not taken. The set is closed: metrics use it
// as a label. It extends repomd.Fault.
type Reason string

const (
	Missing       Reason = Reason(repomd.Missing)       // repomd.xml, or a file that it lists, is not there
	WrongSize     Reason = Reason(repomd.WrongSize)     // a file's size is not the listed one
	WrongChecksum Reason = Reason(repomd.WrongChecksum) // a file's bytes are not the listed ones
	Unchecked     Reason = Reason(repomd.Unchecked)     // a file is listed without a checksum
	Unreadable    Reason = Reason(repomd.Unreadable)    // the disk, or a thing that is no regular file
	Malformed     Reason = "malformed"                  // repomd.xml cannot be parsed
	Moved         Reason = "changed"                    // it changed while it was read
	BadSignature  Reason = "signature"                  // the signature is gone, truncated or of another repomd.xml
	Rollback      Reason = "rollback"                   // it is older than the generation in service
)

// Error is why the repository in Dir was not taken. The generation in service, if any, stays.
type Error struct {
	Dir    string
	Reason Reason
	Err    error
}

func (e *Error) Error() string { return fmt.Sprintf("load %q: %v", e.Dir, e.Err) }
func (e *Error) Unwrap() error { return e.Err }

// fault is an Error without its directory.
func fault(reason Reason, err error) *Error { return &Error{Reason: reason, Err: err} }

// unreadable tells a file that is absent from one that the disk refuses.
func unreadable(err error) *Error {
	if errors.Is(err, fs.ErrNotExist) {
		return fault(Missing, err)
	}
	return fault(Unreadable, err)
}
