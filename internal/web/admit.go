package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"mirrorctl/mirror"
)

// CheckPath turns the path of a request into a mirror.Path. isDir tells whether it ended in a slash, or is the root.
//
// The decoded path must be clean as it stands, and the path as it was sent must hide no slash, backslash or
// double dot behind percent signs: a proxy that decodes at another moment than we do would
// see another file. The error wraps mirror.ErrBadPath, which is a 400.
func CheckPath(r *http.Request) (p mirror.Path, isDir bool, err error) {
	// RawPath is only set where it tells more than Path; Path itself shows a backslash in any spelling.
	if raw := r.URL.RawPath; raw != "" {
		if esc := hidden(raw); esc != "" {
			return "", false, fmt.Errorf("%w: %s in it", mirror.ErrBadPath, esc)
		}
	}
	path := r.URL.Path
	if p, err = mirror.ParsePath(path); err != nil {
		return "", false, err
	}
	return p, path == "" || strings.HasSuffix(path, "/"), nil
}

// hidden finds an encoded slash, backslash or double dot.
func hidden(raw string) string {
	for rest := raw; ; {
		i := strings.IndexByte(rest, '%')
		if i < 0 || i+3 > len(rest) {
			return ""
		}
		switch esc := strings.ToLower(rest[i : i+3]); {
		case esc == "%2f", esc == "%5c":
			return esc
		case esc == "%2e" && strings.HasPrefix(strings.ToLower(rest[i+3:]), "%2e"):
			return "%2e%2e"
		}
		rest = rest[i+3:]
	}
}

var allowRead = http.Header{"Allow": {"GET, HEAD, OPTIONS"}}

// CheckMethod admits GET and HEAD without a body. The error is a *Problem that answers OPTIONS with 204, other methods
// with 405, and closes the connection on a request with a body: where that one ends is what
// smugglers play with, and nobody who asks a mirror for a file sends one.
func CheckMethod(r *http.Request) error {
	if r.ContentLength != 0 || len(r.TransferEncoding) > 0 {
		return &Problem{
			Status: http.StatusBadRequest, Reason: "body", Text: "no request body, please",
			Header: http.Header{"Connection": {"close"}},
			Err:    errors.New("request with a body"),
		}
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return nil
	case http.MethodOptions:
		return &Problem{Status: http.StatusNoContent, Reason: "method", Header: allowRead}
	}
	return &Problem{
		Status: http.StatusMethodNotAllowed, Reason: "method", Text: "method not allowed", Header: allowRead,
		Err: fmt.Errorf("method %.20q", r.Method),
	}
}
