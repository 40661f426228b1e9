package mirror

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Release is a product and its version, such as fedora-25, el-5, epel-7 or
// fedora-rawhide. It is comparable and owns one or more trees.
type Release struct {
	Product string // lower case: fedora, el, epel, centos, …
	Version string // 25, 7.9, 10, rawhide
}

// ParseRelease reads "product-version". The version is what stands behind the last dash.
func ParseRelease(s string) (Release, error) {
	i := strings.LastIndexByte(s, '-')
	if i <= 0 || i == len(s)-1 || len(s) > 100 || !plain(s) || s[0] == '.' || s[0] == '-' {
		return Release{}, fmt.Errorf("release %q: want product-version, such as fedora-25 or el-5", clip(s))
	}
	return Release{Product: s[:i], Version: s[i+1:]}, nil
}

func plain(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '+':
		default:
			return false
		}
	}
	return true
}

// String is product-version; "" for the zero Release.
func (r Release) String() string {
	if r == (Release{}) {
		return ""
	}
	return r.Product + "-" + r.Version
}

// IsZero reports whether r names nothing.
func (r Release) IsZero() bool { return r == Release{} }

// MarshalText writes product-version.
func (r Release) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText wrote, the zero Release included.
func (r *Release) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*r = Release{}
		return nil
	}
	*r, err = ParseRelease(string(b))
	return err
}

// Compare orders by product, then by version: dotted numbers as numbers, words after them. Only
// equal releases compare as 0.
func (r Release) Compare(o Release) int {
	if c := cmp.Compare(r.Product, o.Product); c != 0 {
		return c
	}
	a, b := strings.Split(r.Version, "."), strings.Split(o.Version, ".")
	for i := range min(len(a), len(b)) {
		x, errx := strconv.Atoi(a[i])
		y, erry := strconv.Atoi(b[i])
		var c int
		switch {
		case errx == nil && erry == nil:
			c = cmp.Compare(x, y)
		case errx == nil:
			c = -1
		case erry == nil:
			c = 1
		default:
			c = cmp.Compare(a[i], b[i])
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(r.Version, o.Version)) // 7 and 07
}

// State is where a release stands between root and archive.
type State string

// The states of a release. A release without a record is Active.
const (
	Active    State = "active"    // served from the root
	Archiving State = "archiving" // a job copies it; still served from the root
	Archived  State = "archived"  // clients are sent to the archive; the root still holds it
	Pruned    State = "pruned"    // archived, and no longer in the root
	Restoring State = "restoring" // a job brings it back; still served from the archive
)

// FromArchive reports whether requests for a release in this state are answered
// with the archive. The zero State counts as Active.
func (s State) FromArchive() bool { return s == Archived || s == Pruned || s == Restoring }
