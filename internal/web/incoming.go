package web

import (
	"io"
	"net/http"
	"time"
)

// Incoming is the body of a request that may take long to arrive. The server itself sets no deadline for bodies, and one for
// answers that begins with the header: without this a client may send a byte an hour, and one that sends a large file gets no
// answer. The client must send minProgress bytes within stall, and the answer has its time once the body has ended.
//
// A handler that reads bodies puts it in the place of r.Body; how large a body may be is the handler's to say.
func Incoming(w http.ResponseWriter, body io.ReadCloser) io.ReadCloser {
	return &incoming{ReadCloser: body, control: http.NewResponseController(w), got: minProgress}
}

type incoming struct {
	io.ReadCloser
	control *http.ResponseController
	got     int // since the deadline was set
}

// Read implements io.Reader.
func (b *incoming) Read(p []byte) (int, error) {
	if b.got >= minProgress {
		b.got = 0
		now := time.Now() // a recorder of a test has no deadlines
		b.control.SetReadDeadline(now.Add(stall))
		b.control.SetWriteDeadline(now.Add(stall + writeTimeout))
	}
	n, err := b.ReadCloser.Read(p)
	b.got += n
	return n, err
}
