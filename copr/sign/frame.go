package sign

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/provenance"
)

// A connection carries one call and one answer. Each is a length (4 bytes, big endian), so much JSON, and a body of the
// size that the JSON says.
const (
	maxFrame = 2*provenance.MaxSize + 64<<10 // JSON of a call
	maxBody  = 16 << 30                      // a package
	maxReply = 32 << 20                      // body of an answer: a signature header, a pubkey.gpg
	idle     = 30 * time.Second              // between two reads or writes
)

// call is what a client asks.
type call struct {
	Op          string           `json:"op"`
	Project     copr.ProjectName `json:"project,omitzero"`
	Chroot      copr.Chroot      `json:"chroot,omitzero"`
	Key         NewKey           `json:"key,omitzero"`
	Fingerprint string           `json:"fingerprint,omitempty"`
	Time        time.Time        `json:"time,omitzero"`
	Request     *Request         `json:"request,omitempty"`
	Size        int64            `json:"size,omitempty"` // of the body
}

// The calls.
const (
	opPackage = "package"
	opRepomd  = "repomd"
	opCreate  = "key create"
	opRetire  = "key retire"
	opKeys    = "key list"
	opPublic  = "key public"
)

// answer is what the signer says.
type answer struct {
	Refused string `json:"refused,omitempty"` // a Refusal
	Error   string `json:"error,omitempty"`   // anything else that went wrong
	Keys    []Key  `json:"keys,omitempty"`
	Size    int64  `json:"size,omitempty"` // of the body
}

func (a *answer) err() error {
	switch {
	case a.Refused != "":
		return &Refusal{a.Refused}
	case a.Error != "":
		return errors.New("the signer failed: " + a.Error)
	}
	return nil
}

func writeFrame(w io.Writer, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(data) > maxFrame {
		return fmt.Errorf("a message of %d bytes, at most %d", len(data), maxFrame)
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), data...))
	return err
}

func readFrame(r io.Reader, v any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := int64(binary.BigEndian.Uint32(head[:]))
	if n > maxFrame {
		return fmt.Errorf("a message of %d bytes, at most %d", n, maxFrame)
	}
	data, err := io.ReadAll(io.LimitReader(r, n)) // grows with what arrives
	if err != nil {
		return err
	}
	if int64(len(data)) != n {
		return io.ErrUnexpectedEOF
	}
	return json.Unmarshal(data, v)
}

// readReply reads a body of an answer.
func readReply(r io.Reader, size int64) ([]byte, error) {
	if size < 0 || size > maxReply {
		return nil, fmt.Errorf("a body of %d bytes, at most %d", size, maxReply)
	}
	data, err := io.ReadAll(io.LimitReader(r, size))
	if err == nil && int64(len(data)) != size {
		err = io.ErrUnexpectedEOF
	}
	return data, err
}
