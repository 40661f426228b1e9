package sign

import (
	"strconv"

	"mirrorctl/copr"
	"mirrorctl/internal/pgp"
)

// enterprise are the distributions that number their releases as RHEL does.
var enterprise = map[string]bool{
	"epel": true, "rhel": true, "centos": true, "centos-stream": true, "rocky": true, "almalinux": true, "ol": true, "el": true,
}

// reads is what the rpm of a chroot verifies.
type reads struct {
	ed25519 bool
	sha512  bool
	// legacy: it knows no digest of the payload in the header, so that a signature over the header alone
	// leaves the payload to MD5. Header and payload are signed together, too.
	legacy bool
	// none: it is too old for any signature made here.
	none bool
}

func readsOf(c copr.Chroot) reads {
	major, err := strconv.Atoi(c.Version)
	if !enterprise[c.Distribution] || err != nil {
		return reads{ed25519: true, sha512: true}
	}
	return reads{
		ed25519: major >= 10, // rpm 4.16 of EL 9 and older: reported to refuse it, by build and by policy
		sha512:  major >= 8,
		legacy:  major <= 7,
		none:    major <= 5, // v3 signatures by SHA-1
	}
}

func (r reads) algorithm(a pgp.Algorithm) bool { return a == pgp.RSA || r.ed25519 }
