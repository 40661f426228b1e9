package rpmsig

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
)

// Tags of a signature header, in order.
const (
	sigDSAHeader       = 267 // over the header, by anything but RSA: the name is older than its use
	sigRSAHeader       = 268
	sigSHA1            = 269 // of the header
	sigLongSize        = 270
	sigLongArchiveSize = 271
	sigSHA256          = 273  // of the header
	sigSize            = 1000 // of header and payload
	sigPGP             = 1002 // over header and payload, by RSA
	sigMD5             = 1004 // of header and payload
	sigArchiveSize     = 1007 // of the payload, unpacked
	sigReserved        = 1008 // room for other signatures
)

// Content is what a new signature header says.
type Content struct {
	SHA1, SHA256 []byte // of the header
	MD5          []byte // of header and payload
	Size         int64  // of header and payload

	RSA    bool   // Header is by RSA
	Header []byte // OpenPGP signature over the header
	// Whole is an OpenPGP signature over header and payload, by RSA. Optional: rpm before 4.14 has no other
	// way to protect the payload.
	Whole []byte
}

// Build writes the signature header, with its padding. Where the old one had room reserved, the new one is as
// long, so that nothing behind it moves.
func (h *Head) Build(c Content) ([]byte, error) {
	if len(c.SHA1) != 20 || len(c.SHA256) != 32 || len(c.MD5) != 16 || len(c.Header) == 0 {
		return nil, fmt.Errorf("signature header: incomplete content")
	}
	var w writer
	if c.RSA {
		w.bin(sigRSAHeader, c.Header)
	} else {
		w.bin(sigDSAHeader, c.Header)
	}
	w.text(sigSHA1, hex.EncodeToString(c.SHA1))
	archive, known := h.archiveSize()
	if c.Size > math.MaxUint32 {
		w.int64(sigLongSize, uint64(c.Size))
	}
	if known && archive > math.MaxUint32 {
		w.int64(sigLongArchiveSize, archive)
	}
	w.text(sigSHA256, hex.EncodeToString(c.SHA256))
	if c.Size <= math.MaxUint32 {
		w.int32(sigSize, uint32(c.Size))
	}
	if c.Whole != nil {
		w.bin(sigPGP, c.Whole)
	}
	w.bin(sigMD5, c.MD5)
	if known && archive <= math.MaxUint32 {
		w.int32(sigArchiveSize, uint32(archive))
	}
	if room := len(h.old.raw) - w.size() - entrySize; room > 0 {
		w.bin(sigReserved, make([]byte, room))
	}
	return w.marshal(regionSignature), nil
}

// archiveSize is the one thing that is taken from the old signature header: rpm shows it and uses it for progress.
func (h *Head) archiveSize() (uint64, bool) {
	if n, ok := h.old.number(sigLongArchiveSize); ok {
		return n, true
	}
	return h.old.number(sigArchiveSize)
}

// writer collects entries, in order of their tags.
type writer struct {
	count        uint32
	index, store []byte
}

func (w *writer) add(tag, typ uint32, count int, data []byte) {
	for a := width[typ]; a > 1 && len(w.store)%a != 0; {
		w.store = append(w.store, 0)
	}
	w.index = appendEntry(w.index, tag, typ, uint32(len(w.store)), uint32(count))
	w.store = append(w.store, data...)
	w.count++
}

func (w *writer) bin(tag uint32, data []byte) { w.add(tag, typeBin, len(data), data) }
func (w *writer) text(tag uint32, s string)   { w.add(tag, typeString, 1, append([]byte(s), 0)) }
func (w *writer) int32(tag uint32, n uint32) {
	w.add(tag, typeInt32, 1, binary.BigEndian.AppendUint32(nil, n))
}
func (w *writer) int64(tag uint32, n uint64) {
	w.add(tag, typeInt64, 1, binary.BigEndian.AppendUint64(nil, n))
}

// size is that of the header as it is, with its region.
func (w *writer) size() int { return introSize + 2*entrySize + len(w.index) + len(w.store) }

// marshal puts the region around everything. Its entry comes first, what it points to comes last and points back.
func (w *writer) marshal(region uint32) []byte {
	n := w.count + 1
	out := append([]byte(nil), headerMagic...)
	out = binary.BigEndian.AppendUint32(out, n)
	out = binary.BigEndian.AppendUint32(out, uint32(len(w.store)+entrySize))
	out = appendEntry(out, region, typeBin, uint32(len(w.store)), entrySize)
	out = append(append(out, w.index...), w.store...)
	out = appendEntry(out, region, typeBin, -(entrySize * n), entrySize)
	return append(out, make([]byte, -len(out)&7)...)
}

func appendEntry(dst []byte, tag, typ, offset, count uint32) []byte {
	for _, n := range []uint32{tag, typ, offset, count} {
		dst = binary.BigEndian.AppendUint32(dst, n)
	}
	return dst
}
