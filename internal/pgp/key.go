package pgp

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// Algorithm is what a key signs by.
type Algorithm string

// The algorithms.
const (
	RSA     Algorithm = "rsa"     // read by every rpm there is
	Ed25519 Algorithm = "ed25519" // not by that of EL 7 and before
)

// Key is a private key without a passphrase. It is safe for concurrent use.
type Key struct {
	entity *openpgp.Entity
	public []byte
}

// ParsePrivate reads one armored private key.
func ParsePrivate(armored []byte) (*Key, error) {
	list, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(armored))
	if err != nil {
		return nil, fmt.Errorf("read a private key: %w", err)
	}
	if len(list) != 1 || list[0].PrivateKey == nil || list[0].PrivateKey.Encrypted || list[0].PrimaryIdentity() == nil {
		return nil, errors.New("read a private key: want one private key with a name and without a passphrase")
	}
	return newKey(list[0])
}

func newKey(e *openpgp.Entity) (*Key, error) {
	k := &Key{entity: e}
	switch e.PrimaryKey.PubKeyAlgo {
	case packet.PubKeyAlgoRSA, packet.PubKeyAlgoEdDSA:
	default:
		return nil, fmt.Errorf("read a private key: algorithm %d: want RSA or Ed25519", e.PrimaryKey.PubKeyAlgo)
	}
	if e.PrimaryKey.Version != 4 {
		return nil, fmt.Errorf("read a private key: version %d: want 4, which every rpm reads", e.PrimaryKey.Version)
	}
	var err error
	k.public, err = armored(openpgp.PublicKeyType, func(w *bytes.Buffer) error { return e.Serialize(w) })
	return k, err
}

// Private is the key, armored: what ParsePrivate reads.
func (k *Key) Private() ([]byte, error) {
	return armored(openpgp.PrivateKeyType, func(w *bytes.Buffer) error { return k.entity.SerializePrivateWithoutSigning(w, nil) })
}

// Public is the public key, armored. Several may stand one behind the other in a file: rpm, gpg and yum read them all.
func (k *Key) Public() []byte { return bytes.Clone(k.public) }

// Fingerprint is 40 lower-case hex digits.
func (k *Key) Fingerprint() string { return hex.EncodeToString(k.entity.PrimaryKey.Fingerprint) }

// Name is the key's user id.
func (k *Key) Name() string { return k.entity.PrimaryIdentity().Name }

// Algorithm is what the key signs by.
func (k *Key) Algorithm() Algorithm {
	if k.entity.PrimaryKey.PubKeyAlgo == packet.PubKeyAlgoEdDSA {
		return Ed25519
	}
	return RSA
}

// Created is when the key says that it was made. rpm refuses signatures that are older.
func (k *Key) Created() time.Time { return k.entity.PrimaryKey.CreationTime.UTC() }

// Expires is when the key ends; zero for never.
func (k *Key) Expires() time.Time {
	life := k.entity.PrimaryIdentity().SelfSignature.KeyLifetimeSecs
	if life == nil || *life == 0 {
		return time.Time{}
	}
	return k.Created().Add(time.Duration(*life) * time.Second)
}

func armored(typ string, fill func(*bytes.Buffer) error) ([]byte, error) {
	var raw, buf bytes.Buffer
	if err := fill(&raw); err != nil {
		return nil, err
	}
	w, err := armor.Encode(&buf, typ, nil)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(raw.Bytes()); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return append(buf.Bytes(), '\n'), nil
}
