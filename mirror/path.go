package mirror

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"
)

// MaxPath is the longest path accepted, in bytes: Linux's PATH_MAX.
const MaxPath = 4096

// ErrBadPath is wrapped by every error of ParsePath.
var ErrBadPath = errors.New("bad path")

// Path names a file or directory below the root: slash-separated, clean, relative,
// without "..", NUL, control characters or backslash. "" is the root itself.
// Make one with ParsePath from anything that comes from outside.
type Path string

// ParsePath checks s, which must already be percent-decoded. One leading and one
// trailing slash are accepted and dropped; what is left must equal its own
// path.Clean, so that "a//b", "./a" and "a/../b" are refused rather than mended:
// a cache, a proxy and this server must never disagree on what a path means.
func ParsePath(s string) (Path, error) {
	t := strings.TrimPrefix(s, "/")
	t = strings.TrimSuffix(t, "/")
	switch {
	case t == "" && len(s) <= 1:
		return "", nil
	case len(t) > MaxPath:
		return "", fmt.Errorf("%w: %d bytes, at most %d", ErrBadPath, len(t), MaxPath)
	case t == "." || t == ".." || strings.HasPrefix(t, "/") || strings.HasPrefix(t, "../") || path.Clean(t) != t:
		return "", fmt.Errorf("%w %q: not clean", ErrBadPath, clip(s))
	case !utf8.ValidString(t):
		return "", fmt.Errorf("%w %q: not UTF-8", ErrBadPath, clip(s))
	}
	for _, r := range t {
		if r < 0x20 || r == 0x7f || r == '\\' {
			return "", fmt.Errorf("%w %q: character %q", ErrBadPath, clip(s), r)
		}
	}
	return Path(t), nil
}

// clip shortens outside input for an error text.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}

// String is the path without a leading slash; "" for the root.
func (p Path) String() string { return string(p) }

// FS is the path as io/fs and os.Root want it: "." for the root.
func (p Path) FS() string {
	if p == "" {
		return "."
	}
	return string(p)
}

// Base is the last element; "" for the root.
func (p Path) Base() string { return string(p[strings.LastIndexByte(string(p), '/')+1:]) }

// Dir is the parent; "" for a name directly below the root, and for the root.
func (p Path) Dir() Path {
	if i := strings.LastIndexByte(string(p), '/'); i >= 0 {
		return p[:i]
	}
	return ""
}

// Join appends a clean relative path.
func (p Path) Join(q Path) Path {
	switch {
	case p == "":
		return q
	case q == "":
		return p
	}
	return p + "/" + q
}

// Under reports whether p is prefix or lies below it. Everything is under "".
func (p Path) Under(prefix Path) bool {
	if prefix == "" || p == prefix {
		return true
	}
	return len(p) > len(prefix) && p[len(prefix)] == '/' && p[:len(prefix)] == prefix
}

// Rel is p relative to prefix. It is only meaningful where p.Under(prefix).
func (p Path) Rel(prefix Path) Path {
	if prefix == "" {
		return p
	}
	return Path(strings.TrimPrefix(string(p[len(prefix):]), "/"))
}
