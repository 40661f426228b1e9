package repomd

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

// Checksum is a digest and the name of its algorithm as the document spells it.
type Checksum struct {
	Type string // md5, sha, sha1, sha224, sha256, sha384, sha512; "sha" means SHA-1
	Hex  string // lower case
}

// SumOf is the checksum that h holds, under the name typ.
func SumOf(typ string, h hash.Hash) Checksum {
	return Checksum{Type: typ, Hex: hex.EncodeToString(h.Sum(nil))}
}

// IsZero reports whether the document gave no checksum.
func (c Checksum) IsZero() bool { return c.Hex == "" }

// Equal reports whether c and d are the same digest of the same algorithm: sha and
// sha1 are one, hex digits have no case. A zero checksum equals nothing, itself included.
func (c Checksum) Equal(d Checksum) bool {
	return !c.IsZero() && algorithm(c.Type) == algorithm(d.Type) && strings.EqualFold(c.Hex, d.Hex)
}

// String is "sha256:9d6e…", or "" for none.
func (c Checksum) String() string {
	if c.IsZero() {
		return ""
	}
	return c.Type + ":" + c.Hex
}

// algorithm folds the names of one algorithm into one.
func algorithm(typ string) string {
	if typ == "sha" {
		return "sha1"
	}
	return typ
}

// NewHash makes the hash that typ names: md5, sha (which is SHA-1: EL-5 and its
// createrepo know it by that name only), sha1, sha224, sha256, sha384 or sha512.
func NewHash(typ string) (hash.Hash, error) {
	switch typ {
	case "md5":
		return md5.New(), nil
	case "sha", "sha1":
		return sha1.New(), nil
	case "sha224":
		return sha256.New224(), nil
	case "sha256":
		return sha256.New(), nil
	case "sha384":
		return sha512.New384(), nil
	case "sha512":
		return sha512.New(), nil
	}
	return nil, fmt.Errorf("unknown checksum type %q", clip(typ))
}

// hexLen is the number of hex digits of each algorithm.
var hexLen = map[string]int{
	"md5": 32, "sha": 40, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128,
}

// parseChecksum checks what a document says: a known algorithm, and as many hex digits as it
// makes. Both come back in lower case. An element without text is no checksum.
func parseChecksum(typ, digest string) (Checksum, error) {
	c := Checksum{Type: strings.ToLower(typ), Hex: strings.ToLower(digest)}
	if c.Hex == "" {
		return Checksum{}, nil
	}
	n, known := hexLen[c.Type]
	if !known {
		return Checksum{}, fmt.Errorf("unknown checksum type %q", clip(typ))
	}
	if len(c.Hex) != n {
		return Checksum{}, fmt.Errorf("%s checksum of %d digits, want %d", c.Type, len(c.Hex), n)
	}
	for _, b := range []byte(c.Hex) {
		if (b < '0' || b > '9') && (b < 'a' || b > 'f') {
			return Checksum{}, fmt.Errorf("%s checksum %q is not hexadecimal", c.Type, c.Hex)
		}
	}
	return c, nil
}

// clip shortens outside input for an error text.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
