package hot

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"mirrorctl/repomd"
)

// A verdict says what a reading of the documents is, beside the generation in service.
type verdict int

const (
	unchanged verdict = iota // the same bytes
	published                // another repomd.xml: its files are to be verified
	resigned                 // the same repomd.xml with another signature or key
)

// leave is what an operator has said may happen.
type leave struct {
	unsigned bool // the signature may go
	older    bool // the repository may go back
}

// judge compares a reading of the documents with those of the generation in service. It does
// no I/O, and refuses what can be seen to be torn or old without reading one listed file:
//
//   - The signature is gone: createrepo_c removed it, and its publisher has not signed yet.
//   - Another repomd.xml with the signature of this one: rsync brought repomd.xml first.
//     A detached signature of other bytes cannot be the same bytes.
//   - An older repomd.xml: somebody plays back a state that was withdrawn.
//
// An operator may say that the first or the last is meant.
func judge(serving *generation, next documents, parsed *repomd.Repomd, meant leave) (verdict, error) {
	if err := checkSignature(next.signature); err != nil {
		return 0, err
	}
	if serving == nil {
		return published, nil
	}
	now := serving.documents
	lost := now.signature.data != nil && next.signature.data == nil
	switch {
	case lost && !meant.unsigned:
		return 0, fault(BadSignature, fmt.Errorf("%s is gone, the generation in service has one: sign the repository, or accept it unsigned", signatureName))
	case bytes.Equal(now.repomd.data, next.repomd.data):
		if now.equal(next) {
			return unchanged, nil
		}
		return resigned, nil
	case now.signature.data != nil && bytes.Equal(now.signature.data, next.signature.data):
		return 0, fault(BadSignature, fmt.Errorf("%s is still the one of the previous repomd.xml", signatureName))
	case parsed.Timestamp < serving.Timestamp && !meant.older:
		return 0, fault(Rollback, fmt.Errorf("repomd.xml of %s is older than the one in service, of %s: accept it if that is meant",
			parsed.Time().Format(time.RFC3339), serving.Repomd.Time().Format(time.RFC3339)))
	}
	return published, nil
}

// checkSignature refuses a signature that a writer has not finished. An armoured one has an
// end; of a binary one nothing can be said.
func checkSignature(d document) error {
	switch {
	case d.data == nil:
	case len(bytes.TrimSpace(d.data)) == 0:
		return fault(BadSignature, errors.New(signatureName+" is empty"))
	case bytes.HasPrefix(d.data, []byte("-----BEGIN")) && !bytes.Contains(d.data, []byte("\n-----END")):
		return fault(BadSignature, errors.New(signatureName+" is truncated"))
	}
	return nil
}
