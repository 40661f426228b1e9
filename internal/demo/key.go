package demo

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"mirrorctl/internal/durable"
)

// keyTime is when every demo key says that it was made: before the oldest package.
var keyTime = time.Date(2008, 1, 1, 0, 0, 0, 0, time.UTC)

// NewKey makes a signing key for a demo, armored and without a passphrase. It says what it is
// in its name, and must sign nothing but demos.
func NewKey() ([]byte, error) {
	e, err := openpgp.NewEntity("mirrorctl demo", "NOT A REAL KEY: made for one demo, protects nothing", "demo@demo.invalid", keyConfig(keyTime))
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	var buf bytes.Buffer
	w, err := armor.Encode(&buf, openpgp.PrivateKeyType, nil)
	if err != nil {
		return nil, err
	}
	if err := e.SerializePrivate(w, keyConfig(keyTime)); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return append(buf.Bytes(), '\n'), nil
}

// keyConfig is how keys and signatures are made at a time. The notation of random bytes that go-crypto
// adds would make every signature another one; RSA needs no such salt.
func keyConfig(at time.Time) *packet.Config {
	no := false
	return &packet.Config{
		Algorithm:                             packet.PubKeyAlgoRSA,
		RSABits:                               2048, // rpm accepts it, and a demo signs 800 packages
		DefaultHash:                           crypto.SHA256,
		Time:                                  func() time.Time { return at },
		NonDeterministicSignaturesViaNotation: &no,
	}
}

// signer signs packages. It is safe for concurrent use.
type signer struct {
	entity *openpgp.Entity
	public []byte // armored
}

func newSigner(private []byte) (*signer, error) {
	list, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(private))
	if err != nil {
		return nil, fmt.Errorf("read the signing key: %w", err)
	}
	if len(list) != 1 || list[0].PrivateKey == nil || list[0].PrivateKey.Encrypted {
		return nil, errors.New("read the signing key: want one private key without a passphrase")
	}
	var buf bytes.Buffer
	w, err := armor.Encode(&buf, openpgp.PublicKeyType, nil)
	if err != nil {
		return nil, err
	}
	if err := list[0].Serialize(w); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return &signer{entity: list[0], public: append(buf.Bytes(), '\n')}, nil
}

// at returns the function that makes detached binary signatures of a time.
func (s *signer) at(when time.Time) func([]byte) ([]byte, error) {
	return func(data []byte) ([]byte, error) {
		var buf bytes.Buffer
		err := openpgp.DetachSign(&buf, s.entity, bytes.NewReader(data), keyConfig(when))
		return buf.Bytes(), err
	}
}

// siteKey reads dir's private key, or makes one.
func siteKey(dir string) ([]byte, error) {
	name := filepath.Join(dir, "key", "private.asc")
	key, err := os.ReadFile(name)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if key, err = NewKey(); err != nil {
		return nil, err
	}
	if err := durable.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, err
	}
	return key, durable.WriteFile(name, key, 0o600)
}
