package index

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// An RPM file is a lead of 96 bytes, a signature header padded to 8 bytes, the header, and
// the payload. Both headers have one form: magic, entry count, store size, the entries
// (tag, type, offset, count), the store.
//
// The gate reads both itself and hands on a copy that holds only the wanted tags. The
// library behind it allocates what a count says before it looks at the bytes: 176 bytes
// can make it ask for 512 MB. After the gate every count is backed by bytes that exist.
const (
	leadSize  = 96
	introSize = 16
	entrySize = 16

	maxEntries   = 65535    // rpm's own limit for an index
	maxSignature = 64 << 20 // rpm's own limit for the store of a signature header
	maxStore     = 64 << 20 // a header of half a million files; the largest known has 32 MiB
	maxValues    = 4 << 20  // over all wanted tags: in memory an empty string takes 50 times what it takes in the file
)

var (
	leadMagic   = []byte{0xed, 0xab, 0xee, 0xdb}
	headerMagic = []byte{0x8e, 0xad, 0xe8}
)

// Types of values in a header.
const (
	typeNull        = 0
	typeChar        = 1
	typeInt8        = 2
	typeInt16       = 3
	typeInt32       = 4
	typeInt64       = 5
	typeString      = 6
	typeBin         = 7
	typeStringArray = 8
	typeI18NString  = 9
)

// blob is a header as it lies in a file. Its entries are not yet checked against the store.
type blob struct {
	start, end int64 // in the file; end is that of the store, without padding
	intro      [introSize]byte
	index      []byte
	store      []byte
}

// gate checks the lead and both headers of the size bytes of r, and returns a small file of the same
// form with nothing but the wanted tags, and the range of the header in r.
func gate(r io.ReaderAt, size int64) (file []byte, start, end int64, err error) {
	lead := make([]byte, leadSize)
	if err := readAt(r, lead, 0, size); err != nil {
		return nil, 0, 0, fmt.Errorf("lead: %w", err)
	}
	if !bytes.Equal(lead[:4], leadMagic) {
		return nil, 0, 0, fmt.Errorf("not an RPM package: it begins with %x", lead[:4])
	}
	sig, err := readBlob(r, leadSize, size, maxSignature)
	if err != nil {
		return nil, 0, 0, fmt.Errorf("signature header: %w", err)
	}
	main, err := readBlob(r, sig.end+padding(sig.end-sig.start), size, maxStore)
	if err != nil {
		return nil, 0, 0, fmt.Errorf("header: %w", err)
	}
	file = lead
	if file, err = sig.appendWanted(file, signatureTags); err != nil {
		return nil, 0, 0, fmt.Errorf("signature header: %w", err)
	}
	file = append(file, make([]byte, padding(int64(len(file)-leadSize)))...)
	if file, err = main.appendWanted(file, headerTags); err != nil {
		return nil, 0, 0, fmt.Errorf("header: %w", err)
	}
	return file, main.start, main.end, nil
}

// padding is how many bytes are missing from n to a multiple of 8.
func padding(n int64) int64 { return -n & 7 }

// readAt fills buf from offset at of a file of size bytes. It asks before it reads, so
// that the caller's error names what is missing rather than io.ErrUnexpectedEOF.
func readAt(r io.ReaderAt, buf []byte, at, size int64) error {
	if at+int64(len(buf)) > size {
		return fmt.Errorf("needs %d bytes at offset %d, the file has %d", len(buf), at, size)
	}
	_, err := io.ReadFull(io.NewSectionReader(r, at, int64(len(buf))), buf)
	return err
}

func readBlob(r io.ReaderAt, at, size, limit int64) (*blob, error) {
	b := &blob{start: at}
	if err := readAt(r, b.intro[:], at, size); err != nil {
		return nil, err
	}
	if !bytes.Equal(b.intro[:3], headerMagic) {
		return nil, fmt.Errorf("bad magic %x at offset %d", b.intro[:3], at)
	}
	entries := int64(binary.BigEndian.Uint32(b.intro[8:]))
	store := int64(binary.BigEndian.Uint32(b.intro[12:]))
	at += introSize
	switch {
	case entries > maxEntries:
		return nil, fmt.Errorf("%d entries, at most %d", entries, maxEntries)
	case store > limit:
		return nil, fmt.Errorf("store of %d bytes, at most %d", store, limit)
	case at+entries*entrySize+store > size:
		return nil, fmt.Errorf("%d entries and %d bytes at offset %d, the file has %d", entries, store, at, size)
	}
	buf := make([]byte, entries*entrySize+store)
	if err := readAt(r, buf, at, size); err != nil {
		return nil, err
	}
	b.index, b.store = buf[:entries*entrySize], buf[entries*entrySize:]
	b.end = at + int64(len(buf))
	return b, nil
}

// appendWanted appends to dst a header of the entries whose tags are wanted. Values may
// not overlap: 65,535 entries over the same megabyte are an attack, not a package.
func (b *blob) appendWanted(dst []byte, wanted map[uint32]bool) ([]byte, error) {
	var index, store []byte
	values := uint64(0)
	for e := range len(b.index) / entrySize {
		entry := b.index[e*entrySize:][:entrySize]
		tag := binary.BigEndian.Uint32(entry)
		if !wanted[tag] {
			continue
		}
		typ, offset, count := binary.BigEndian.Uint32(entry[4:]), binary.BigEndian.Uint32(entry[8:]), binary.BigEndian.Uint32(entry[12:])
		length, err := b.length(typ, offset, count)
		if err != nil {
			return nil, fmt.Errorf("tag %d: %w", tag, err)
		}
		if length == 0 {
			continue
		}
		if len(store)+length > len(b.store) {
			return nil, fmt.Errorf("tag %d: values overlap", tag)
		}
		if values += uint64(count); values > maxValues {
			return nil, fmt.Errorf("tag %d: over %d values", tag, maxValues)
		}
		index = append(index, entry...)
		binary.BigEndian.PutUint32(index[len(index)-8:], uint32(len(store)))
		store = append(store, b.store[offset:][:length]...)
	}
	intro := b.intro
	binary.BigEndian.PutUint32(intro[8:], uint32(len(index)/entrySize))
	binary.BigEndian.PutUint32(intro[12:], uint32(len(store)))
	dst = append(dst, intro[:]...)
	dst = append(dst, index...)
	return append(dst, store...), nil
}

// length is how many bytes of the store a value takes; 0 for one without content.
func (b *blob) length(typ, offset, count uint32) (int, error) {
	if uint64(offset) > uint64(len(b.store)) {
		return 0, fmt.Errorf("offset %d, the store has %d bytes", offset, len(b.store))
	}
	rest := b.store[offset:]
	width := uint64(1)
	switch typ {
	case typeNull:
		return 0, nil
	case typeChar, typeInt8, typeBin:
	case typeInt16:
		width = 2
	case typeInt32:
		width = 4
	case typeInt64:
		width = 8
	case typeString, typeStringArray, typeI18NString:
		return stringsLength(rest, count)
	default:
		return 0, fmt.Errorf("unknown type %d", typ)
	}
	if need := uint64(count) * width; need > uint64(len(rest)) {
		return 0, fmt.Errorf("%d values of %d bytes, %d bytes are left", count, width, len(rest))
	}
	return int(uint64(count) * width), nil
}

// stringsLength is the length of count strings with their terminating NULs.
func stringsLength(rest []byte, count uint32) (int, error) {
	if uint64(count) > uint64(len(rest)) {
		return 0, fmt.Errorf("%d strings in %d bytes", count, len(rest))
	}
	length := 0
	for range count {
		i := bytes.IndexByte(rest[length:], 0)
		if i < 0 {
			return 0, fmt.Errorf("string without an end")
		}
		length += i + 1
	}
	return length, nil
}
