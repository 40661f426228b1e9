package rpmsig

import (
	"bytes"
	"fmt"
	"io"
)

// Tags that are read here.
const (
	tagPayloadDigest     = 5092 // of the payload as it lies in the file; from rpm 4.14
	tagPayloadDigestAlgo = 5093
	tagRPMFormat         = 5114 // from rpm 6
)

// Head is what stands before the payload of an RPM file.
type Head struct {
	Lead []byte
	Main []byte // the header: what a header signature signs

	old, main *blob
	oldSize   int // with padding
}

// Read reads a head from a stream and leaves r at the payload. What it accepts, every rpm reads in one way.
func Read(r io.Reader) (*Head, error) {
	h := &Head{Lead: make([]byte, leadSize)}
	if _, err := io.ReadFull(r, h.Lead); err != nil {
		return nil, fmt.Errorf("lead: %w", noEOF(err))
	}
	if !bytes.Equal(h.Lead[:4], []byte{0xed, 0xab, 0xee, 0xdb}) || h.Lead[78] != 0 || h.Lead[79] != 5 {
		return nil, fmt.Errorf("lead: not that of an RPM package with a signature header")
	}
	var err error
	if h.old, err = readBlob(r, maxSignature); err != nil {
		return nil, fmt.Errorf("signature header: %w", err)
	}
	pad := -len(h.old.raw) & 7
	if _, err := io.ReadFull(r, make([]byte, pad)); err != nil {
		return nil, fmt.Errorf("signature header: %w", noEOF(err))
	}
	h.oldSize = len(h.old.raw) + pad
	if err := h.old.parse(regionSignature); err != nil {
		return nil, fmt.Errorf("signature header: %w", err)
	}
	if h.main, err = readBlob(r, maxMain); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if err := h.main.parse(regionMain); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	h.Main = h.main.raw
	return h, nil
}

// Start is where the header begins in the file; End is where the payload does.
func (h *Head) Start() int64 { return int64(leadSize + h.oldSize) }

// End is where the payload begins.
func (h *Head) End() int64 { return h.Start() + int64(len(h.Main)) }

// Bytes is the head as it was read; the signature header's padding, which nothing reads, is zeros.
func (h *Head) Bytes() []byte {
	b := make([]byte, 0, h.End())
	b = append(append(b, h.Lead...), h.old.raw...)
	b = append(b, make([]byte, h.oldSize-len(h.old.raw))...)
	return append(b, h.Main...)
}

// Format is the version of the package's format: 4, or 6 from rpm 6.
func (h *Head) Format() int {
	if n, ok := h.main.number(tagRPMFormat); ok && n < 100 {
		return int(n)
	}
	return 4
}

// PayloadSHA256 is the digest of the payload that the header gives, in hex; "" where it gives none, or none by SHA-256.
func (h *Head) PayloadSHA256() string {
	if algo, _ := h.main.number(tagPayloadDigestAlgo); algo != 8 {
		return ""
	}
	digest, _, _ := bytes.Cut(h.main.find(tagPayloadDigest, typeStringArray), []byte{0})
	return string(digest)
}
