package mirror

import "strings"

// Reserved reports whether base is one of this program's own names in the root (its temporary files and its
// trash). Such names are never scanned, planned, listed or served.
func Reserved(base string) bool {
	return base == ".mirrorctl" || strings.HasPrefix(base, ".mirrorctl-")
}

// Reserved reports whether any element of p is reserved: a request for such a path finds nothing.
func (p Path) Reserved() bool {
	if !strings.Contains(string(p), ".mirrorctl") {
		return false
	}
	for elem := range strings.SplitSeq(string(p), "/") {
		if Reserved(elem) {
			return true
		}
	}
	return false
}

// RsyncTemp reports whether base is the name of a file that rsync has not finished, .name.XXXXXX. A
// plan leaves such names out and says so, since a file of one's own may be called so as well.
func RsyncTemp(base string) bool {
	i := strings.LastIndexByte(base, '.')
	if i < 2 || base[0] != '.' || len(base)-i != 7 {
		return false
	}
	for _, c := range []byte(base[i+1:]) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		default:
			return false
		}
	}
	return true
}
