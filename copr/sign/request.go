package sign

import (
	"encoding/json"
	"fmt"
	"time"

	"mirrorctl/copr"
	"mirrorctl/internal/pgp"
)

// Request asks for the signature of one package, whose bytes follow.
type Request struct {
	Project copr.ProjectName `json:"project"`
	Chroot  copr.Chroot      `json:"chroot"`
	NEVRA   string           `json:"nevra"` // as index.Package.NEVRA has it
	File    copr.File        `json:"file"`  // the package as the builder delivered it: a subject of the statement
	// Hash of the signature: sha256 or sha512; "" is sha256.
	Hash string `json:"hash,omitempty"`
	// Time of the signature. It is raised to the key's own where it is earlier: rpm refuses signatures older than their key.
	Time time.Time `json:"time"`
	// Statement is the provenance: a provenance.Statement.
	Statement json.RawMessage `json:"statement"`
}

// Key describes a key of a project.
type Key struct {
	Fingerprint string        `json:"fingerprint"`
	Name        string        `json:"name"`
	Algorithm   pgp.Algorithm `json:"algorithm"`
	Created     time.Time     `json:"created"`
	Expires     time.Time     `json:"expires,omitzero"`
	Retired     bool          `json:"retired,omitempty"` // not in pubkey.gpg, signs nothing
}

// NewKey says which key is made.
type NewKey struct {
	Algorithm pgp.Algorithm `json:"algorithm,omitempty"` // default RSA; Ed25519 for projects without EL 7 and older
	Lifetime  time.Duration `json:"lifetime,omitempty"`  // 0: it never expires
}

// Refusal is the error of a request that will not be signed, however often it is asked.
type Refusal struct{ Reason string }

func (r *Refusal) Error() string { return "the signer refuses: " + r.Reason }

func refuse(format string, args ...any) error { return &Refusal{fmt.Sprintf(format, args...)} }
