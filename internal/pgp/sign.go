package pgp

import (
	"bytes"
	"crypto"
	"fmt"
	"io"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// config is how keys and signatures are made at a time. The notation of random bytes that go-crypto adds would make every
// signature another one; neither algorithm needs such a salt. The parser of yum on EL 7 refuses critical subpackets that it
// does not know, and it does not know these two.
func config(at time.Time) *packet.Config {
	no := false
	return &packet.Config{
		DefaultHash:                           crypto.SHA256,
		Time:                                  func() time.Time { return at },
		NonDeterministicSignaturesViaNotation: &no,
		InsecureGenerateNonCriticalKeyFlags:   true,
		InsecureGenerateNonCriticalSignatureCreationTime: true,
	}
}

// Hash names a digest: sha256 or sha512.
func Hash(name string) (crypto.Hash, error) {
	switch name {
	case "sha256":
		return crypto.SHA256, nil
	case "sha512":
		return crypto.SHA512, nil
	}
	return 0, fmt.Errorf("digest %q of a signature: want sha256 or sha512", name)
}

// Sign makes a detached binary signature that says it was made at a time.
func (k *Key) Sign(data io.Reader, hash crypto.Hash, at time.Time) ([]byte, error) {
	c := config(at)
	c.DefaultHash = hash
	var buf bytes.Buffer
	if err := openpgp.DetachSign(&buf, k.entity, data, c); err != nil {
		return nil, fmt.Errorf("sign with %s: %w", k.Fingerprint(), err)
	}
	return buf.Bytes(), nil
}

// SignArmored is Sign in the form of repomd.xml.asc.
func (k *Key) SignArmored(data io.Reader, hash crypto.Hash, at time.Time) ([]byte, error) {
	raw, err := k.Sign(data, hash, at)
	if err != nil {
		return nil, err
	}
	return armored(openpgp.SignatureType, func(w *bytes.Buffer) error { _, err := w.Write(raw); return err })
}
