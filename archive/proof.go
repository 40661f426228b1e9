package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ErrUnverified says that the archive does not hold what the manifest says. Nothing is
// deleted while that is so.
var ErrUnverified = errors.New("the archive does not hold what the manifest says")

// Proof says that the archive held every byte of one manifest at one time. Only the verifier
// makes one, after reading every byte back; a journal keeps it. Whoever unlinks or moves
// anything out of the root must show one. The zero Proof proves nothing.
type Proof struct {
	manifest Sum
	at       time.Time
	files    int64
	bytes    int64
}

// Manifest is what was proven.
func (p Proof) Manifest() Sum { return p.manifest }

// At is when reading began: damage done later is not seen by this proof.
func (p Proof) At() time.Time { return p.at }

// Files is how many files were read back.
func (p Proof) Files() int64 { return p.files }

// Bytes is how many bytes were read back.
func (p Proof) Bytes() int64 { return p.bytes }

// covers reports whether p proves this manifest and is not older than age.
func (p Proof) covers(manifest Sum, now time.Time, age time.Duration) error {
	switch {
	case p.manifest.IsZero() || p.manifest != manifest:
		return fmt.Errorf("%w: no proof of manifest %s", ErrUnverified, manifest)
	case now.Sub(p.at) > age:
		return fmt.Errorf("%w: the proof of %s is older than %s", ErrUnverified, p.at.Format(time.RFC3339), age)
	}
	return nil
}

type proofRecord struct {
	Manifest Sum       `json:"manifest"`
	At       time.Time `json:"at"`
	Files    int64     `json:"files"`
	Bytes    int64     `json:"bytes"`
}

func (p Proof) record() proofRecord {
	return proofRecord{Manifest: p.manifest, At: p.at, Files: p.files, Bytes: p.bytes}
}

// proofFromJournal is the only way other than verifying to come by a proof: the verifier's
// own record, of the journal's own manifest.
func proofFromJournal(payload []byte, manifest Sum) (Proof, error) {
	var r proofRecord
	if err := json.Unmarshal(payload, &r); err != nil {
		return Proof{}, err
	}
	if r.Manifest.IsZero() || r.Manifest != manifest {
		return Proof{}, fmt.Errorf("a proof of manifest %s in a journal of %s", r.Manifest, manifest)
	}
	return Proof{manifest: r.Manifest, at: r.At, files: r.Files, bytes: r.Bytes}, nil
}
