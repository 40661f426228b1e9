package archive

import (
	"bytes"
	"strconv"
	"strings"
)

// listedSum is one line of a .treeinfo or a checksum list.
type listedSum struct {
	name string // as written; not yet checked to be a path
	size int64  // -1 where the list says nothing
	algo string
	hex  string
}

var digestLen = map[string]int{"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128}

// known reports whether hex is a digest of algo.
func (s listedSum) known() bool {
	if len(s.hex) != digestLen[s.algo] || s.hex == "" || s.name == "" {
		return false
	}
	return strings.Trim(s.hex, "0123456789abcdef") == ""
}

// parseTreeinfo reads the [checksums] of a .treeinfo:
//
//	[checksums]
//	images/boot.iso = sha256:6a1f…
//
// Lines that it does not understand say nothing.
func parseTreeinfo(data []byte) (sums []listedSum) {
	inside := false
	for line := range bytes.Lines(data) {
		s := strings.TrimSpace(string(line))
		if strings.HasPrefix(s, "[") {
			inside = s == "[checksums]"
			continue
		}
		name, value, ok := strings.Cut(s, "=")
		if !inside || !ok {
			continue
		}
		algo, digest, ok := strings.Cut(strings.TrimSpace(value), ":")
		sum := listedSum{strings.TrimSpace(name), -1, strings.ToLower(algo), strings.ToLower(digest)}
		if ok && sum.known() {
			sums = append(sums, sum)
		}
	}
	return sums
}

// parseSums reads a *-CHECKSUM or SHA256SUM file, clear-signed or not, in BSD's form, which
// Fedora writes, or coreutils':
//
//	# Fedora-Server-dvd-x86_64-25.iso: 2082127872 bytes
//	SHA256 (Fedora-Server-dvd-x86_64-25.iso) = 0b6b…
//	0b6b…  Fedora-Server-dvd-x86_64-25.iso
//
// Lines that it does not understand say nothing.
func parseSums(data []byte) (sums []listedSum) {
	sizes := map[string]int64{}
	for line := range bytes.Lines(data) {
		s := strings.TrimRight(string(line), "\r\n")
		if rest, ok := strings.CutPrefix(s, "# "); ok {
			if name, bytes, ok := strings.Cut(rest, ": "); ok {
				if n, err := strconv.ParseInt(strings.TrimSuffix(bytes, " bytes"), 10, 64); err == nil && n >= 0 {
					sizes[name] = n
				}
			}
			continue
		}
		sum, ok := parseBSD(s)
		if !ok {
			sum, ok = parseCoreutils(s)
		}
		if ok && sum.known() {
			sums = append(sums, sum)
		}
	}
	for i := range sums {
		if n, ok := sizes[sums[i].name]; ok {
			sums[i].size = n
		}
	}
	return sums
}

func parseBSD(s string) (listedSum, bool) {
	algo, rest, ok := strings.Cut(s, " (")
	i := strings.LastIndex(rest, ") = ")
	if !ok || i < 0 {
		return listedSum{}, false
	}
	return listedSum{rest[:i], -1, strings.ToLower(algo), strings.ToLower(rest[i+len(") = "):])}, true
}

func parseCoreutils(s string) (listedSum, bool) {
	digest, name, ok := strings.Cut(s, " ")
	if !ok || len(name) < 2 || name[0] != ' ' && name[0] != '*' {
		return listedSum{}, false
	}
	for algo, n := range digestLen {
		if n == len(digest) {
			return listedSum{name[1:], -1, algo, strings.ToLower(digest)}, true
		}
	}
	return listedSum{}, false
}
