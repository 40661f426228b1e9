package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// How slow a client may be. librepo and curl themselves give up on a transfer under 1,000 bytes
// a second over 30 seconds, so that nobody who is still there is cut here.
const (
	minProgress = 8 << 10 // bytes that a client must take within stall
	// chunk is what is sent between two deadlines. Up to oneWrite the kernel's buffer takes it all
	// and the server's WriteTimeout does.
	chunk    = 1 << 20
	oneWrite = 64 << 10
)

var stall = 30 * time.Second // a variable, since a test cannot wait for half a minute

// body is where bytes come from: memory or a file.
type body struct {
	bytes []byte
	file  io.ReadSeekCloser
	lent  bool // somebody else closes file
}

func (b body) close() {
	if b.file != nil && !b.lent {
		b.file.Close() // read only: there is nothing that an error could tell
	}
}

// reader reads one span. A file is positioned again each time, since what a failed write had already
// read from it is lost otherwise.
func (b body) reader(s span) (io.Reader, error) {
	if b.file == nil {
		return bytes.NewReader(b.bytes[s.start : s.start+s.length]), nil
	}
	if _, err := b.file.Seek(s.start, io.SeekStart); err != nil {
		return nil, err
	}
	return &io.LimitedReader{R: b.file, N: s.length}, nil // the form in which net finds a file to sendfile
}

// send writes one span of the body.
//
// A fixed deadline cuts large packages, none lets dead clients keep connections for ever. So the deadline rolls: it is
// set anew for each chunk, on the connection itself, and the chunks go through the ResponseWriter's own
// ReadFrom, since a writer in between would cost the sendfile. When it passes, the connection goes on if the client took
// enough in the meantime. The kernel wakes a writer only when a third of a buffer of up to 4 MiB is free, which a slow
// client does not manage within a deadline; but what is tried after it takes all the room that there is, and
// so shows what the client took.
func (b body) send(w http.ResponseWriter, r *http.Request, s span) error {
	if b.file == nil && s.length <= oneWrite {
		_, err := w.Write(b.bytes[s.start : s.start+s.length])
		return err
	}
	to, ok := w.(io.ReaderFrom)
	if !ok {
		to = copier{w}
	}
	deadline := http.NewResponseController(w)
	step := int64(chunk)
	if r.TLS != nil {
		step = oneWrite // a write that timed out leaves half a record: there is no second try
	}
	for s.length > 0 {
		next, err := b.reader(span{s.start, min(s.length, step)})
		if err != nil {
			return err
		}
		// ErrNotSupported comes from a recorder in a test, which has nobody to wait for.
		if err := deadline.SetWriteDeadline(time.Now().Add(stall)); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
		n, err := to.ReadFrom(next)
		s.start, s.length = s.start+n, s.length-n
		switch {
		case err == nil && n == 0:
			return fmt.Errorf("send: the file ends %d bytes early: %w", s.length, io.ErrUnexpectedEOF)
		case err == nil:
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		case n < minProgress || r.TLS != nil || r.Context().Err() != nil:
			// net/http cancels the context when its own buffer, with the header in it, did not get out.
			return err
		}
	}
	return nil
}

// copier is ReadFrom for writers without.
type copier struct{ io.Writer }

func (c copier) ReadFrom(r io.Reader) (int64, error) { return io.Copy(c.Writer, r) }
