package mirror

import "strings"

// varKind says what a variable matches.
type varKind uint8

const (
	free    varKind = iota // letters, digits and ._+@-
	words                  // one of a list
	version                // digits and dots, or rawhide
	major                  // the same, read as its whole number
	arch                   // an architecture
)

func kindOfVariable(name string) varKind {
	switch name {
	case "version":
		return version
	case "major":
		return major
	case "arch":
		return arch
	}
	return free
}

// span counts the leading bytes of s that a variable of this kind could match at most.
func (k varKind) span(s string) int {
	limit := len(s)
	switch k {
	case version, major:
		limit = min(limit, 32)
	case arch:
		limit = min(limit, 16)
	}
	for i := range limit {
		if !k.allows(s[i]) {
			return i
		}
	}
	return limit
}

func (k varKind) allows(c byte) bool {
	switch {
	case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		return true
	case k == arch:
		return c == '_'
	case k == version || k == major:
		return c == '.'
	}
	return c == '.' || c == '_' || c == '+' || c == '@' || c == '-'
}

// read checks a text of allowed bytes and gives its two spellings.
func (k varKind) read(s string) (value, bool) {
	switch k {
	case version:
		v, ok := baseVersion(s)
		return value{s, v}, ok
	case major:
		v, ok := baseVersion(s)
		return value{s, wholeNumber(v)}, ok
	case arch:
		return value{s, s}, IsArch(s)
	}
	return value{s, s}, s != "" && s[0] != '.'
}

// baseVersion takes the edition off a version as $releasever spells it: RHEL's own
// clients say 7Server where all others say 7. Rawhide is a version too.
func baseVersion(s string) (string, bool) {
	if s == "rawhide" {
		return s, true
	}
	n := 0
	for n < len(s) && (s[n] == '.' || '0' <= s[n] && s[n] <= '9') {
		n++
	}
	number := s[:n]
	if number == "" || number[0] == '.' || number[n-1] == '.' || strings.Contains(number, "..") {
		return "", false
	}
	switch s[n:] {
	case "", "Server", "Client", "Workstation", "ComputeNode":
		return number, true
	}
	return "", false
}

// wholeNumber is the part of a version before its first dot.
func wholeNumber(version string) string {
	whole, _, _ := strings.Cut(version, ".")
	return whole
}

// IsArch reports whether s is an architecture as repositories spell it ($basearch). "source"
// is not one: it is what the arch= of a request says for a source repository.
func IsArch(s string) bool {
	switch s {
	case "x86_64", "aarch64", "ppc64le", "s390x", "i386", "i486", "i586", "i686", "armhfp", "noarch",
		"x86_64_v2", "x86_64_v3", "x86_64_v4", "riscv64", "loongarch64", "ppc", "ppc64", "ppc64p7", "s390", "ia64",
		"arm", "armv5tel", "armv6hl", "armv7l", "armv7hl", "alpha", "sparc", "sparc64", "sparcv9",
		"mips", "mipsel", "mips64", "mips64el":
		return true
	}
	return false
}

// literal gives what is not bound the text a client would put its own value in for.
func (vs *variables) literal(b *binding) {
	for v := range vs.count {
		if b.has(v) {
			continue
		}
		decl := &vs.list[v]
		text := "$" + decl.name
		switch decl.kind {
		case words:
			b.set(v, value(decl.words[0]))
			continue
		case version, major:
			text = "$releasever"
		case arch:
			text = "$basearch"
		}
		b.set(v, value{text, text})
	}
}
