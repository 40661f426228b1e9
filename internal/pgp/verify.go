package pgp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
)

// maxRing is the most that a file of public keys may have, in bytes, and in keys.
const (
	maxRing = 1 << 20
	maxKeys = 64
)

// Verify says whether sig, armored, is a good signature of data by one of the keys in public: armored keys, one behind the
// other. It does not ask whether a key has expired since.
func Verify(public, data, sig []byte) error {
	ring, err := readRing(public)
	if err != nil {
		return err
	}
	c := config(ring[0].PrimaryKey.CreationTime)
	block, err := armor.Decode(bytes.NewReader(sig))
	if err != nil {
		return fmt.Errorf("read a signature: %w", noEOF(err))
	}
	if block.Type != openpgp.SignatureType {
		return fmt.Errorf("read a signature: it is a %q", block.Type)
	}
	c.Time = nil // a signature from the future is none
	if _, err := openpgp.CheckDetachedSignature(ring, bytes.NewReader(data), block.Body, c); err != nil {
		return fmt.Errorf("verify a signature: %w", err)
	}
	return nil
}

// readRing reads armored public keys until the end of the text.
func readRing(public []byte) (openpgp.EntityList, error) {
	if len(public) > maxRing {
		return nil, fmt.Errorf("read public keys: %d bytes, at most %d", len(public), maxRing)
	}
	var ring openpgp.EntityList
	for r := bufio.NewReader(bytes.NewReader(public)); ; {
		block, err := armor.Decode(r)
		if err == io.EOF && len(ring) > 0 {
			return ring, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read public keys: %w", noEOF(err))
		}
		if block.Type != openpgp.PublicKeyType {
			return nil, fmt.Errorf("read public keys: there is a %q", block.Type)
		}
		list, err := openpgp.ReadKeyRing(block.Body)
		if err != nil {
			return nil, fmt.Errorf("read public keys: %w", err)
		}
		if ring = append(ring, list...); len(ring) == 0 || len(ring) > maxKeys {
			return nil, errors.New("read public keys: none, or too many")
		}
	}
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
