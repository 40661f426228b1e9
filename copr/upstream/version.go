package upstream

import "strings"

// versionOf reads the version of a tag: v4.2, criu-4.2, release_4.2, and false for one that has none or is a
// pre-release by its name (4.2-rc1, 4.2.0beta2).
func versionOf(tag string) (string, bool) {
	if len(tag) > 100 {
		return "", false
	}
	i := strings.IndexAny(tag, "0123456789")
	if i < 0 {
		return "", false
	}
	// What stands before a version is a word: not "build-2" of "build-2-final", but that is told by what follows.
	if i > 0 && strings.Trim(strings.ToLower(tag[:i]), "abcdefghijklmnopqrstuvwxyz-_./") != "" {
		return "", false
	}
	v := tag[i:]
	return v, isVersion(v) && !isPre(v)
}

// isVersion reports whether v may be the version of an RPM: it becomes a part of URLs, file names and a spec.
func isVersion(v string) bool {
	if v == "" || len(v) > 100 || v[0] < '0' || v[0] > '9' {
		return false
	}
	for i := range len(v) {
		c := v[i] | 0x20 // letters in either case
		if (c < 'a' || c > 'z') && strings.IndexByte("0123456789._+~^", v[i]) < 0 {
			return false
		}
	}
	return true
}

// isPre reports whether v calls itself unfinished: a word of those below that begins after a digit or a separator.
func isPre(v string) bool {
	v = strings.ToLower(v)
	if strings.Contains(v, "~") {
		return true
	}
	for _, word := range []string{"alpha", "beta", "rc", "pre", "dev", "snapshot", "nightly"} {
		for at := 0; ; {
			i := strings.Index(v[at:], word)
			if i < 0 {
				break
			}
			i += at
			if i > 0 && (v[i-1] < 'a' || v[i-1] > 'z') {
				return true
			}
			at = i + 1
		}
	}
	return false
}
