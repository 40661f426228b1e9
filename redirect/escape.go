package redirect

import (
	"net/url"
	"strings"

	"mirrorctl/mirror"
)

// EscapePath is p's one canonical spelling in a URL, without a leading slash. Clients spell one
// package in three ways (dnf lib%2b%2bx, zypper lib++x, yum lib%2B%2Bx); caches and object stores
// behind us must see one. It is net/url's, but for "+", which S3 takes for a space: %2B.
func EscapePath(p mirror.Path) string {
	if plain(string(p)) {
		return string(p) // what net/url would answer, without its allocations
	}
	if p == "*" {
		return "%2A" // net/url leaves it alone where it is the whole path, which here it never is
	}
	return strings.ReplaceAll((&url.URL{Path: string(p)}).EscapedPath(), "+", "%2B")
}

// plain reports whether s holds only what needs no escaping: RFC 3986's unreserved, and slashes.
func plain(s string) bool {
	for i := range len(s) {
		if !unreserved[s[i]] {
			return false
		}
	}
	return true
}

var unreserved = func() (t [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/") {
		t[c] = true
	}
	return t
}()
