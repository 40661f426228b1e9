package hot

import (
	"io"
	"os"
)

// A place is where the bytes of a body lie when they are not in memory.
type place interface {
	// open gives the file for reading at any offset.
	open() (source, error)
	// seeker turns what open gave into a reader of size bytes, and hands over its Close.
	seeker(f source, size int64) io.ReadSeekCloser
	// discard deletes the bytes: they are not what they were.
	discard() error
}

// keptFile is a file in the cache's own directory.
type keptFile string

func (k keptFile) open() (source, error) {
	f, err := os.Open(string(k))
	if err != nil {
		return nil, err
	}
	return f, nil
}

// seeker is the file itself: a server may hand it to sendfile.
func (keptFile) seeker(f source, _ int64) io.ReadSeekCloser { return f.(*os.File) }

func (k keptFile) discard() error { return os.Remove(string(k)) }

// heldFile is a file of the tree, held open since it was verified: where there is no
// directory to keep it in, or no room. It outlives its name, and is closed when the last
// reader forgets it.
type heldFile struct {
	source
	why error // it could not be kept; nil without a directory
}

func (h heldFile) open() (source, error) { return borrowed{h.source}, nil }

func (h heldFile) seeker(f source, size int64) io.ReadSeekCloser {
	return section{io.NewSectionReader(f, 0, size), f}
}

func (heldFile) discard() error { return nil }

type borrowed struct{ source }

func (borrowed) Close() error { return nil }

type section struct {
	*io.SectionReader
	io.Closer
}
