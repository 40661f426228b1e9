package archivetest

import (
	"io"
	"os"
	"strings"
)

// Bytes is a Source of given bytes. A Source that is not right ends with Err.
type Bytes struct {
	r   io.Reader
	err error
}

// NewBytes yields data and then end; io.EOF says that data is right.
func NewBytes(data string, end error) *Bytes { return &Bytes{strings.NewReader(data), end} }

// Read yields what is left.
func (b *Bytes) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err == io.EOF {
		err = b.err
	}
	return n, err
}

// File is nil: there is no descriptor.
func (b *Bytes) File() *os.File { return nil }
