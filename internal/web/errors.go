package web

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"syscall"

	"mirrorctl/mirror"
)

// Handler answers a request or returns an error, which the Edge turns into an answer.
// A handler that has begun to write the body may still return an error: it is logged, and the
// connection is closed so that the client notices.
type Handler func(w http.ResponseWriter, r *http.Request) error

// StatusClientGone is logged and counted, as nginx does, where the client left before its answer.
const StatusClientGone = 499

// Problem is an error that says how it is to be answered.
type Problem struct {
	Status int
	Reason string      // label of http_errors_total; one of Reasons
	Text   string      // what the client reads, on one line
	Header http.Header // added to the answer
	Err    error       // the detail, for the log alone
}

// Error is the detail where there is one.
func (p *Problem) Error() string {
	if p.Err != nil {
		return p.Err.Error()
	}
	return strconv.Itoa(p.Status) + " " + p.Text
}

// Unwrap returns the detail.
func (p *Problem) Unwrap() error { return p.Err }

// ErrOverloaded is for work that is refused so that other work gets done.
var ErrOverloaded = errors.New("overloaded")

// problems is the one table from errors to answers; the first that matches wins.
var problems = []struct {
	err    error
	status int
	reason string
	text   string
}{
	{mirror.ErrUnknownTree, http.StatusNotFound, "unknown_tree", "not found"},
	{fs.ErrNotExist, http.StatusNotFound, "not_found", "not found"},
	{syscall.ENOTDIR, http.StatusNotFound, "not_found", "not found"}, // a path that goes on behind a file
	{syscall.ENAMETOOLONG, http.StatusNotFound, "not_found", "not found"},
	{mirror.ErrBadPath, http.StatusBadRequest, "bad_path", "bad path"},
	{fs.ErrPermission, http.StatusForbidden, "forbidden", "forbidden"},
	{ErrOverloaded, http.StatusServiceUnavailable, "overloaded", "overloaded, try again later"},
	{syscall.EPIPE, StatusClientGone, "canceled", ""},
	{syscall.ECONNRESET, StatusClientGone, "canceled", ""},
	{os.ErrDeadlineExceeded, StatusClientGone, "slow", ""}, // the rolling deadline of a body
	{context.DeadlineExceeded, http.StatusGatewayTimeout, "timeout", "took too long"},
	{io.ErrUnexpectedEOF, http.StatusInternalServerError, "short_file", "internal server error"},
}

// Reasons is the closed set of the reason label.
func Reasons() []string {
	reasons := []string{"canceled", "internal", "panic", "bad_request", "method", "range", "precondition", "body", "not_ready"}
	for _, p := range problems {
		reasons = append(reasons, p.reason)
	}
	return reasons
}

// classify finds the answer to an error. gone tells that the client has left.
func classify(err error, gone bool) Problem {
	var p *Problem
	switch {
	case errors.As(err, &p):
		return *p
	case gone && errors.Is(err, context.Canceled):
		return Problem{Status: StatusClientGone, Reason: "canceled", Err: err}
	case errors.Is(err, context.Canceled): // work that we gave up ourselves, as in a shutdown
		return Problem{Status: http.StatusServiceUnavailable, Reason: "canceled", Text: "try again later", Err: err}
	}
	for _, p := range problems {
		if errors.Is(err, p.err) {
			return Problem{Status: p.status, Reason: p.reason, Text: p.text, Err: err}
		}
	}
	return Problem{Status: http.StatusInternalServerError, Reason: "internal", Text: "internal server error", Err: err}
}

// write answers with one plain line. Nothing may have been written yet.
func (p Problem) write(w http.ResponseWriter) {
	h := w.Header()
	for k, v := range p.Header {
		h[k] = v
	}
	for _, k := range []string{"Etag", "Last-Modified", "Repr-Digest", "Accept-Ranges", "Content-Encoding"} {
		delete(h, k) // of a body that is not sent
	}
	if p.Status == http.StatusNoContent {
		w.WriteHeader(p.Status)
		return
	}
	line := strconv.Itoa(p.Status) + " " + p.Text + "\n"
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(line)))
	h.Set("X-Content-Type-Options", "nosniff")
	if p.Status >= 500 {
		h.Set("Cache-Control", "no-store")
	}
	if p.Status == http.StatusServiceUnavailable && h.Get("Retry-After") == "" {
		h.Set("Retry-After", "5")
	}
	w.WriteHeader(p.Status)
	io.WriteString(w, line) // the client's loss; the recorder counts what got out
}
