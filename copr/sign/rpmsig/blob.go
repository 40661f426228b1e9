package rpmsig

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Limits of a head. A package of half a million files has a header of 64 MiB; no package has a thousand tags.
const (
	maxEntries   = 4096
	maxSignature = 4 << 20
	maxMain      = 64 << 20
)

const (
	leadSize  = 96
	introSize = 16
	entrySize = 16

	regionSignature = 62
	regionMain      = 63
)

var headerMagic = []byte{0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0}

// Types of values.
const (
	typeInt16       = 3
	typeInt32       = 4
	typeInt64       = 5
	typeString      = 6
	typeBin         = 7
	typeStringArray = 8
	typeI18NString  = 9
)

// width is how many bytes a value of a type takes, and what its offset is a multiple of; 0 for strings.
var width = [...]int{1: 1, 2: 1, typeInt16: 2, typeInt32: 4, typeInt64: 8, typeString: 0, typeBin: 1, typeStringArray: 0, typeI18NString: 0}

// blob is one header: intro, index and store.
type blob struct {
	raw     []byte
	entries []entry // without the region's own
	store   []byte
}

type entry struct {
	tag, typ, offset, count uint32
	size                    int // in the store
}

// readBlob reads one header from a stream.
func readBlob(r io.Reader, limit int64) (*blob, error) {
	intro := make([]byte, introSize)
	if _, err := io.ReadFull(r, intro); err != nil {
		return nil, noEOF(err)
	}
	if !bytes.Equal(intro[:8], headerMagic) {
		return nil, fmt.Errorf("bad magic %x", intro[:8])
	}
	entries, store := int64(binary.BigEndian.Uint32(intro[8:])), int64(binary.BigEndian.Uint32(intro[12:]))
	switch {
	case entries > maxEntries:
		return nil, fmt.Errorf("%d entries, at most %d", entries, maxEntries)
	case store > limit:
		return nil, fmt.Errorf("store of %d bytes, at most %d", store, limit)
	}
	// The counts are the sender's word: memory grows with what arrives.
	buf := bytes.NewBuffer(intro)
	want := entries*entrySize + store
	if n, err := io.CopyN(buf, r, want); err != nil {
		return nil, fmt.Errorf("%d bytes of %d: %w", n, want, noEOF(err))
	}
	raw := buf.Bytes()
	return &blob{raw: raw, store: raw[introSize+entries*entrySize:]}, nil
}

// parse checks the header as strictly as the newest rpm, and more so: the region first and over everything, tags in order and none
// twice, values in order and without overlap. Two readers of what passes here cannot see two different packages.
func (b *blob) parse(region uint32) error {
	index := b.raw[introSize : len(b.raw)-len(b.store)]
	n := len(index) / entrySize
	if n < 2 {
		return errors.New("no entries")
	}
	first := entryAt(index, 0)
	if first.tag != region || first.typ != typeBin || first.count != entrySize || uint64(first.offset)+entrySize != uint64(len(b.store)) {
		return fmt.Errorf("the region %d does not span the header", region)
	}
	trailer := entryAt(b.store[first.offset:], 0)
	if trailer.tag != region || trailer.typ != typeBin || trailer.count != entrySize || int32(trailer.offset) != -int32(n*entrySize) {
		return fmt.Errorf("the region %d has a bad trailer", region)
	}
	values, end, last := b.store[:first.offset], 0, region
	for i := 1; i < n; i++ {
		e := entryAt(index, i)
		switch {
		case e.tag <= last:
			return fmt.Errorf("tag %d behind tag %d", e.tag, last)
		case int64(e.offset) < int64(end) || int64(e.offset) > int64(len(values)):
			return fmt.Errorf("tag %d: offset %d behind %d of %d", e.tag, e.offset, end, len(values))
		case e.typ == 0 || int(e.typ) >= len(width):
			return fmt.Errorf("tag %d: type %d", e.tag, e.typ)
		case e.count == 0 || e.typ == typeString && e.count != 1:
			return fmt.Errorf("tag %d: %d values", e.tag, e.count)
		}
		var err error
		if e.size, err = e.measure(values[e.offset:]); err != nil {
			return fmt.Errorf("tag %d: %w", e.tag, err)
		}
		end, last = int(e.offset)+e.size, e.tag
		b.entries = append(b.entries, e)
	}
	return nil
}

func entryAt(index []byte, i int) entry {
	e := index[i*entrySize:]
	u := binary.BigEndian.Uint32
	return entry{tag: u(e), typ: u(e[4:]), offset: u(e[8:]), count: u(e[12:])}
}

// measure is how many bytes of rest the values take.
func (e entry) measure(rest []byte) (int, error) {
	if w := width[e.typ]; w > 0 {
		if int(e.offset)%w != 0 {
			return 0, fmt.Errorf("offset %d of values of %d bytes", e.offset, w)
		}
		if need := uint64(e.count) * uint64(w); need > uint64(len(rest)) {
			return 0, fmt.Errorf("%d values of %d bytes, %d bytes are left", e.count, w, len(rest))
		}
		return int(e.count) * w, nil
	}
	size := 0
	for range e.count {
		i := bytes.IndexByte(rest[size:], 0)
		if i < 0 {
			return 0, errors.New("a string without an end")
		}
		size += i + 1
	}
	return size, nil
}

// find returns the bytes of a tag's value if it has the type; nil where there is none.
func (b *blob) find(tag, typ uint32) []byte {
	for _, e := range b.entries {
		if e.tag == tag && e.typ == typ {
			return b.store[e.offset:][:e.size]
		}
	}
	return nil
}

// number is the first integer of a tag.
func (b *blob) number(tag uint32) (uint64, bool) {
	if v := b.find(tag, typeInt32); v != nil {
		return uint64(binary.BigEndian.Uint32(v)), true
	}
	if v := b.find(tag, typeInt64); v != nil {
		return binary.BigEndian.Uint64(v), true
	}
	return 0, false
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
