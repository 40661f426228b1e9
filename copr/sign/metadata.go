package sign

import (
	"bytes"
	"context"
	"crypto"
	"time"

	"mirrorctl/copr"
	"mirrorctl/internal/pgp"
	"mirrorctl/repomd"
)

// SignRepomd returns the content of repomd.xml.asc for a chroot's repository. What is no repomd.xml is not signed.
func (s *Signer) SignRepomd(ctx context.Context, p copr.ProjectName, c copr.Chroot, at time.Time, raw []byte) ([]byte, error) {
	if _, err := repomd.Parse(raw); err != nil {
		return nil, refuse("%v", err)
	}
	key, at, err := s.keyAt(p, at, readsOf(c).algorithm)
	if err != nil {
		return nil, err
	}
	return key.SignArmored(bytes.NewReader(raw), crypto.SHA256, at)
}

// keyAt is the key that signs and the time that its signature says.
func (s *Signer) keyAt(p copr.ProjectName, at time.Time, may func(pgp.Algorithm) bool) (*member, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.o.Now()
	if at.IsZero() || at.After(now.Add(skew)) {
		return nil, at, refuse("time of signature %s: it is now %s", at.Format(time.RFC3339), now.Format(time.RFC3339))
	}
	r, err := s.ring(p)
	if err != nil {
		return nil, at, err
	}
	m, err := r.pick(now, may)
	if err != nil {
		return nil, at, err
	}
	if at.Before(m.Created()) {
		at = m.Created()
	}
	return m, at, nil
}

// CheckRepomd verifies repomd.xml.asc by the keys of a pubkey.gpg.
func CheckRepomd(publicKey, raw, asc []byte) error { return pgp.Verify(publicKey, raw, asc) }
