package web

import (
	"net/http"
	"strings"
	"time"
)

type condition uint8

const (
	proceed condition = iota
	notModified
	preconditionFailed
)

// checkConditions evaluates the conditional headers of a GET or HEAD in the order of RFC 9110, 13.2.2.
// etag may be empty, modified zero.
func checkConditions(h http.Header, etag string, modified time.Time) condition {
	if im := h["If-Match"]; len(im) > 0 {
		if !matchesAny(im, etag, strong) {
			return preconditionFailed
		}
	} else if ius := h["If-Unmodified-Since"]; len(ius) > 0 {
		if t, ok := date(ius, modified); ok && modified.Truncate(time.Second).After(t) {
			return preconditionFailed
		}
	}
	if inm := h["If-None-Match"]; len(inm) > 0 {
		if matchesAny(inm, etag, weak) {
			return notModified
		}
	} else if ims := h["If-Modified-Since"]; len(ims) > 0 {
		if t, ok := date(ims, modified); ok && !modified.Truncate(time.Second).After(t) {
			return notModified
		}
	}
	return proceed
}

// ifRange reports whether a Range header counts: without If-Range, or when what the client
// has a part of is what is served now.
func ifRange(h http.Header, etag string, modified time.Time) bool {
	lines := h["If-Range"]
	if len(lines) == 0 {
		return true
	}
	if tag, _ := scanETag(strings.TrimSpace(lines[0])); tag != "" {
		return strong(tag, etag)
	}
	t, ok := date(lines, modified)
	return ok && t.Unix() == modified.Unix()
}

// date reads an HTTP date; ok is false where there is nothing sensible to compare.
func date(lines []string, modified time.Time) (t time.Time, ok bool) {
	if modified.IsZero() || len(lines) == 0 {
		return t, false
	}
	t, err := http.ParseTime(lines[0])
	return t, err == nil
}

func strong(a, b string) bool { return a == b && a != "" && a[0] == '"' }
func weak(a, b string) bool {
	return b != "" && strings.TrimPrefix(a, "W/") == strings.TrimPrefix(b, "W/")
}

// matchesAny walks a list of entity tags, which may be spread over several header lines. What follows a
// malformed tag is not looked at.
func matchesAny(lines []string, etag string, match func(a, b string) bool) bool {
	for _, rest := range lines {
		for {
			rest = strings.TrimLeft(rest, " \t,")
			if strings.HasPrefix(rest, "*") {
				return true
			}
			var tag string
			if tag, rest = scanETag(rest); tag == "" {
				break
			}
			if match(tag, etag) {
				return true
			}
		}
	}
	return false
}

// scanETag takes one entity tag from the front of s: "…" or W/"…". tag is empty where there is none.
func scanETag(s string) (tag, rest string) {
	start := 0
	if strings.HasPrefix(s, "W/") {
		start = 2
	}
	if len(s) < start+2 || s[start] != '"' {
		return "", ""
	}
	for i := start + 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return s[:i+1], s[i+1:]
		case c <= 0x20 || c == 0x7f:
			return "", ""
		}
	}
	return "", ""
}
