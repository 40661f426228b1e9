package pgp

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// Options say which key is made.
type Options struct {
	Name, Comment, Email string
	Algorithm            Algorithm     // default RSA
	Bits                 int           // of RSA; default 4096
	Created              time.Time     // whole seconds
	Lifetime             time.Duration // 0: it never expires
}

// Generate makes a key.
func Generate(o Options) (*Key, error) {
	if o.Bits == 0 {
		o.Bits = 4096
	}
	c := config(o.Created)
	c.KeyLifetimeSecs = uint32(o.Lifetime / time.Second)
	var e *openpgp.Entity
	switch o.Algorithm {
	case RSA, "":
		priv, err := rsa.GenerateKey(rand.Reader, o.Bits)
		if err != nil {
			return nil, fmt.Errorf("make a key: %w", err)
		}
		key := packet.NewRSAPrivateKey(c.Now(), priv)
		e = &openpgp.Entity{PrimaryKey: &key.PublicKey, PrivateKey: key, Identities: map[string]*openpgp.Identity{}}
		if err := e.AddUserId(o.Name, o.Comment, o.Email, c); err != nil {
			return nil, fmt.Errorf("make a key: %w", err)
		}
	case Ed25519:
		c.Algorithm = packet.PubKeyAlgoEdDSA
		var err error
		if e, err = openpgp.NewEntity(o.Name, o.Comment, o.Email, c); err != nil {
			return nil, fmt.Errorf("make a key: %w", err)
		}
		e.Subkeys = nil // one for encryption, which nobody wants and old rpms stumble over
	default:
		return nil, fmt.Errorf("make a key: algorithm %q: want %s or %s", o.Algorithm, RSA, Ed25519)
	}
	return newKey(e)
}
