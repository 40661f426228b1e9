package repomd

import "fmt"

// Fault is what may be wrong with a file that a repository lists. The set is closed: metrics
// use it as a label.
type Fault string

const (
	Missing         Fault = "missing"         // listed, but not there
	WrongSize       Fault = "size"            // its size is not the listed one
	WrongChecksum   Fault = "checksum"        // its bytes are not the listed ones
	WrongOpenSize   Fault = "open-size"       // the size of its content
	WrongOpenSum    Fault = "open-checksum"   // the bytes of its content
	WrongHeaderSize Fault = "header-size"     // zchunk only: the size of its header
	WrongHeaderSum  Fault = "header-checksum" // zchunk only: the bytes of its header
	Unreadable      Fault = "unreadable"      // cannot be read, decompressed or parsed
	Unchecked       Fault = "unchecked"       // the document gives no checksum: nothing to prove it by
	NotListed       Fault = "not-listed"      // there, but nothing lists it; looked for on request only
)

// ChecksumError says that a file is not what the document lists: its size or a checksum differs.
type ChecksumError struct {
	Name      string // path below the repository
	Fault     Fault  // one that begins with Wrong
	Want, Got string // "sha256:9d6e…", or a number of bytes
}

func (e *ChecksumError) Error() string {
	return fmt.Sprintf("%q: %s is %s, the repository lists %s: damaged, or being replaced; fetch it again",
		e.Name, e.Fault, e.Got, e.Want)
}
