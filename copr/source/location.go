package source

import (
	"net/url"
	"path"
	"strings"

	"mirrorctl/copr"
)

// location is a source with its version filled in.
type location struct {
	url  *url.URL
	name string // one path element of plain characters
}

const placeholder = "{version}"

// locate fills in the version. It may stand in the path, the query and the name, never in the scheme or the host: a version
// comes from upstream's announcements and must not choose whom we ask.
func locate(s copr.Source, version string) (location, error) {
	// A source package that somebody named has no version yet, and no place for one.
	if version != "" || strings.Contains(s.URL+s.Name, placeholder) {
		if err := CheckVersion(version); err != nil {
			return location{}, err
		}
	}
	if len(s.URL) > 2000 {
		return location{}, faultf("URL is longer than 2000 bytes")
	}
	u, err := url.Parse(strings.ReplaceAll(s.URL, placeholder, version))
	if err != nil {
		return location{}, faultf("URL is none: %w", err)
	}
	plain, err := url.Parse(strings.ReplaceAll(s.URL, placeholder, "0"))
	if err != nil || plain.Scheme != u.Scheme || plain.Host != u.Host || plain.User.String() != u.User.String() {
		return location{}, faultf("%s may stand in the path, the query and the name only", placeholder)
	}
	u.Fragment, u.RawFragment = "", ""
	switch u.Scheme {
	case "http", "https":
	case "file":
		if u.Host != "" || !strings.HasPrefix(u.Path, "/") || path.Clean(u.Path) != u.Path {
			return location{}, faultf("want file:///absolute/path")
		}
	default:
		return location{}, faultf("scheme %q: want http, https or file", u.Scheme)
	}
	name := path.Base(u.Path)
	if s.Name != "" {
		name = strings.ReplaceAll(s.Name, placeholder, version)
	}
	if err := checkName(name); err != nil {
		return location{}, err
	}
	return location{u, name}, nil
}

const nameAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789._+~^-"

// CheckVersion refuses what may not be a version of an RPM: it becomes part of URLs, of file names and of a spec's line.
func CheckVersion(v string) error {
	if v == "" || len(v) > 100 || v[0] < '0' || v[0] > '9' || !made(v, strings.TrimSuffix(nameAlphabet, "-")) {
		return faultf("version %q: want a digit, then letters, digits and ._+~^", v)
	}
	return nil
}

func checkName(name string) error {
	if name == "" || len(name) > 200 || name[0] == '.' || name[0] == '-' || !made(name, nameAlphabet) {
		return faultf("file name %q: want letters, digits and ._+~^-, and neither . nor - first", name)
	}
	return nil
}

// made reports whether s holds nothing but characters of alphabet, in either case.
func made(s, alphabet string) bool {
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if strings.IndexByte(alphabet, c) < 0 {
			return false
		}
	}
	return true
}
