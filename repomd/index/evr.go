package index

import (
	"cmp"
	"strconv"
	"strings"
)

// EVR is the full version of a package: epoch, version, release.
type EVR struct {
	Epoch   int64
	Version string
	Release string
}

// ParseEVR reads [epoch:]version[-release]. An epoch that is no number makes ok false.
func ParseEVR(s string) (v EVR, ok bool) {
	if epoch, rest, found := strings.Cut(s, ":"); found {
		if epoch != "" {
			n, err := strconv.ParseUint(epoch, 10, 32)
			if err != nil {
				return EVR{}, false
			}
			v.Epoch = int64(n)
		}
		s = rest
	}
	v.Version, v.Release, _ = strings.Cut(s, "-")
	return v, true
}

// String is [epoch:]version[-release], without an epoch of 0.
func (v EVR) String() string {
	s := v.Version
	if v.Epoch != 0 {
		s = strconv.FormatInt(v.Epoch, 10) + ":" + s
	}
	if v.Release != "" {
		s += "-" + v.Release
	}
	return s
}

// Compare orders as rpm does: negative where v is older than o.
func (v EVR) Compare(o EVR) int {
	return cmp.Or(cmp.Compare(v.Epoch, o.Epoch), CompareVersions(v.Version, o.Version), CompareVersions(v.Release, o.Release))
}

// CompareVersions orders two version or release strings as rpm 4.15 and later do: runs of
// digits as numbers, runs of letters as text, numbers above letters; "~" sorts before
// the end of the string (a pre-release), "^" after it (a snapshot) but before anything else.
func CompareVersions(a, b string) int {
	for {
		a, b = skipSeparators(a), skipSeparators(b)
		switch {
		case starts(a, '~') || starts(b, '~'):
			if !starts(a, '~') {
				return 1
			}
			if !starts(b, '~') {
				return -1
			}
			a, b = a[1:], b[1:]
			continue
		case starts(a, '^') || starts(b, '^'):
			switch {
			case a == "":
				return -1
			case b == "":
				return 1
			case a[0] != '^':
				return 1
			case b[0] != '^':
				return -1
			}
			a, b = a[1:], b[1:]
			continue
		case a == "" || b == "":
			return cmp.Compare(len(a), len(b))
		}
		class := isLetter
		if isDigit(a[0]) {
			class = isDigit
		}
		var x, y string
		x, a = run(a, class)
		y, b = run(b, class)
		if y == "" { // of different kinds: the number is newer
			if isDigit(x[0]) {
				return 1
			}
			return -1
		}
		if isDigit(x[0]) {
			x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
			if c := cmp.Compare(len(x), len(y)); c != 0 {
				return c
			}
		}
		if c := strings.Compare(x, y); c != 0 {
			return c
		}
	}
}

// skipSeparators drops everything up to the next letter, digit, "~" or "^".
func skipSeparators(s string) string {
	for s != "" && !isDigit(s[0]) && !isLetter(s[0]) && s[0] != '~' && s[0] != '^' {
		s = s[1:]
	}
	return s
}

// run splits s behind its leading bytes of a class.
func run(s string, class func(byte) bool) (head, tail string) {
	i := 0
	for i < len(s) && class(s[i]) {
		i++
	}
	return s[:i], s[i:]
}

func starts(s string, c byte) bool { return s != "" && s[0] == c }
func isDigit(c byte) bool          { return '0' <= c && c <= '9' }
func isLetter(c byte) bool         { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
