package web

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// sendParts answers with multipart/byteranges. Each boundary, the first too, stands behind a CRLF, and
// Content-Type stands before Content-Range: zchunk before 1.3 looks for exactly this with a
// regular expression, as nginx sends it, and net/http's own order fails there.
func sendParts(w http.ResponseWriter, b body, ranges []span, c Content) error {
	boundary := rand.Text()
	before := "\r\n--" + boundary + "\r\nContent-Type: " + c.ContentType + "\r\nContent-Range: "
	after := "\r\n\r\n"
	end := "\r\n--" + boundary + "--\r\n"

	length := int64(len(end))
	names := make([]string, len(ranges))
	for i, s := range ranges {
		names[i] = s.contentRange(c.Size)
		length += int64(len(before)+len(names[i])+len(after)) + s.length
	}
	header := w.Header()
	header["Content-Type"] = one("multipart/byteranges; boundary=" + boundary)
	header["Content-Length"] = one(strconv.FormatInt(length, 10))
	w.WriteHeader(http.StatusPartialContent)

	out := partBuffers.Get().(*bufio.Writer)
	out.Reset(pacedWriter{w, http.NewResponseController(w)})
	defer func() {
		out.Reset(nil)
		partBuffers.Put(out)
	}()
	for i, s := range ranges {
		part, err := b.reader(s)
		if err != nil {
			return err
		}
		// A bufio.Writer keeps its first error and gives it at Flush.
		out.WriteString(before)
		out.WriteString(names[i])
		out.WriteString(after)
		if n, err := io.Copy(out, part); err != nil {
			return err
		} else if n < s.length {
			return fmt.Errorf("send: a part ends %d bytes early: %w", s.length-n, io.ErrUnexpectedEOF)
		}
	}
	out.WriteString(end)
	return out.Flush()
}

var partBuffers = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, oneWrite) }}

// pacedWriter rolls the deadline in front of each piece that it writes.
type pacedWriter struct {
	w        io.Writer
	deadline *http.ResponseController
}

func (p pacedWriter) Write(b []byte) (written int, err error) {
	for len(b) > 0 {
		if err := p.deadline.SetWriteDeadline(time.Now().Add(stall)); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return written, err
		}
		n, err := p.w.Write(b[:min(len(b), oneWrite)])
		if written += n; err != nil {
			return written, err
		}
		b = b[n:]
	}
	return written, nil
}
