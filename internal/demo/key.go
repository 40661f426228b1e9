package demo

import (
	"bytes"
	"crypto"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"mirrorctl/internal/durable"
	"mirrorctl/internal/pgp"
)

// keyTime is when every demo key says that it was made: before the oldest package.
var keyTime = time.Date(2008, 1, 1, 0, 0, 0, 0, time.UTC)

// NewKey makes a signing key for a demo, armored and without a passphrase. It says what it is
// in its name, and must sign nothing but demos.
func NewKey() ([]byte, error) {
	k, err := pgp.Generate(pgp.Options{
		Name: "mirrorctl demo", Comment: "NOT A REAL KEY: made for one demo, protects nothing", Email: "demo@demo.invalid",
		Bits:    2048, // rpm accepts it, and a demo signs 800 packages
		Created: keyTime,
	})
	if err != nil {
		return nil, err
	}
	return k.Private()
}

// signer signs packages. It is safe for concurrent use.
type signer struct {
	key    *pgp.Key
	public []byte // armored
}

func newSigner(private []byte) (*signer, error) {
	k, err := pgp.ParsePrivate(private)
	if err != nil {
		return nil, err
	}
	return &signer{key: k, public: k.Public()}, nil
}

// at returns the function that makes detached binary signatures of a time.
func (s *signer) at(when time.Time) func([]byte) ([]byte, error) {
	return func(data []byte) ([]byte, error) { return s.key.Sign(bytes.NewReader(data), crypto.SHA256, when) }
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
