package repomd

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
)

var errUnchecked = errors.New("the repository gives no checksum for it")

// Check reads the file that d lists, to its end, and proves it: size, checksum, and of its content
// open-size and open-checksum, and the header of a zchunk file, as far as d gives them. A file
// that differs is a *ChecksumError. A record without checksum proves nothing and is
// an error too.
func (d Data) Check(file io.Reader) error {
	if d.Checksum.IsZero() {
		return fmt.Errorf("%q: %w", d.Href, errUnchecked)
	}
	stored, err := newTally(d.Checksum.Type)
	if err != nil {
		return err
	}
	// At most one byte over the listed size is read: what is longer is wrong without its end.
	if d.Size >= 0 {
		file = io.LimitReader(file, d.Size+1)
	}
	var readErr error
	file = stickyReader{file, &readErr}

	// The content goes first, since it pulls the file through the tally; what the decoder left over,
	// after an error for one, is read behind it. What is wrong with the file as it
	// lies there is the better answer, and comes first.
	contentErr := d.checkContent(io.TeeReader(file, stored))
	buf := buffers.Get().(*[]byte)
	io.CopyBuffer(stored, file, *buf)
	buffers.Put(buf)
	switch {
	case readErr != nil:
		return fmt.Errorf("read %q: %w", d.Href, readErr)
	case d.Size >= 0 && stored.n > d.Size:
		return &ChecksumError{d.Href, WrongSize, bytesText(d.Size), "over " + bytesText(d.Size)}
	}
	if err := stored.compare(d.Href, d.Size, d.Checksum, WrongSize, WrongChecksum); err != nil {
		return err
	}
	return contentErr
}

// buffers are for packages: io.Copy's own are too small for a disk.
var buffers = sync.Pool{New: func() any { return new(make([]byte, 256<<10)) }}

// checkContent proves what d says of the file's content; it need not read all of file.
func (d Data) checkContent(file io.Reader) error {
	if d.OpenSize < 0 && d.OpenChecksum.IsZero() && d.HeaderChecksum.IsZero() {
		return nil
	}
	buffered := bufio.NewReaderSize(file, 64<<10)
	if !d.HeaderChecksum.IsZero() {
		head := new(bytes.Buffer)
		h, err := readZchunkHeader(bufio.NewReader(io.TeeReader(buffered, head)))
		if err != nil {
			return fmt.Errorf("%q: %w", d.Href, err)
		}
		if !h.checksum.Equal(d.HeaderChecksum) {
			return &ChecksumError{d.Href, WrongHeaderSum, d.HeaderChecksum.String(), h.checksum.String()}
		}
		if d.HeaderSize >= 0 && h.size != d.HeaderSize {
			return &ChecksumError{d.Href, WrongHeaderSize, bytesText(d.HeaderSize), bytesText(h.size)}
		}
		buffered = bufio.NewReaderSize(io.MultiReader(head, buffered), 64<<10)
	}
	typ := d.OpenChecksum.Type
	if d.OpenChecksum.IsZero() {
		typ = d.Checksum.Type
	}
	content, err := newTally(typ)
	if err != nil {
		return err
	}
	r, err := NewReader(buffered, d.Limits())
	if err != nil {
		return fmt.Errorf("%q: %w", d.Href, err)
	}
	defer r.Close()
	_, err = io.Copy(content, r)
	switch {
	case errors.Is(err, ErrTooLarge) && content.n == d.OpenSize:
		return &ChecksumError{d.Href, WrongOpenSize, bytesText(d.OpenSize), "over " + bytesText(d.OpenSize)}
	case err != nil:
		return fmt.Errorf("%q: %w", d.Href, err)
	}
	return content.compare(d.Href, d.OpenSize, d.OpenChecksum, WrongOpenSize, WrongOpenSum)
}

func bytesText(n int64) string { return strconv.FormatInt(n, 10) + " bytes" }

// stickyReader keeps the error of a file apart from those of the decoders that read it.
type stickyReader struct {
	r   io.Reader
	err *error
}

func (s stickyReader) Read(p []byte) (int, error) {
	if *s.err != nil {
		return 0, *s.err
	}
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		*s.err = err
	}
	return n, err
}
