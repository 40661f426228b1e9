package demo

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// Types of header values.
const (
	typeInt16       = 3
	typeInt32       = 4
	typeString      = 6
	typeBin         = 7
	typeStringArray = 8
	typeI18NString  = 9
)

// Regions are entries that say which part of a header is signed: here, all of it.
const (
	regionSignature = 62
	regionHeader    = 63
)

// header collects the tags of one RPM header.
type header struct{ entries []entry }

type entry struct {
	tag, typ, count uint32
	data            []byte
}

func (h *header) add(tag, typ uint32, count int, data []byte) {
	h.entries = append(h.entries, entry{tag, typ, uint32(count), data})
}

func (h *header) bin(tag uint32, data []byte) { h.add(tag, typeBin, len(data), data) }

// text adds one string; an empty one is left out, as rpmbuild does.
func (h *header) text(tag uint32, s string) {
	if s != "" {
		h.add(tag, typeString, 1, append([]byte(s), 0))
	}
}

// translated adds a text that could have translations, and has none.
func (h *header) translated(tag uint32, s string) {
	h.add(tag, typeI18NString, 1, append([]byte(s), 0))
}

func (h *header) texts(tag uint32, list []string) {
	if len(list) == 0 {
		return
	}
	var data []byte
	for _, s := range list {
		data = append(append(data, s...), 0)
	}
	h.add(tag, typeStringArray, len(list), data)
}

func (h *header) int32s(tag uint32, list ...uint32) {
	if len(list) == 0 {
		return
	}
	var data []byte
	for _, n := range list {
		data = binary.BigEndian.AppendUint32(data, n)
	}
	h.add(tag, typeInt32, len(list), data)
}

func (h *header) int16s(tag uint32, list ...uint16) {
	if len(list) == 0 {
		return
	}
	var data []byte
	for _, n := range list {
		data = binary.BigEndian.AppendUint16(data, n)
	}
	h.add(tag, typeInt16, len(list), data)
}

// marshal writes intro, index and store. The region's own entry comes first in the index; what it
// points to comes last in the store, and points back over the whole index.
func (h *header) marshal(region uint32) []byte {
	slices.SortFunc(h.entries, func(a, b entry) int { return cmp.Compare(a.tag, b.tag) })
	var index, store []byte
	for _, e := range h.entries {
		if width := map[uint32]int{typeInt16: 2, typeInt32: 4}[e.typ]; width > 0 {
			for len(store)%width != 0 {
				store = append(store, 0)
			}
		}
		index = appendEntry(index, e.tag, e.typ, uint32(len(store)), e.count)
		store = append(store, e.data...)
	}
	count := uint32(len(h.entries) + 1)
	first := appendEntry(nil, region, typeBin, uint32(len(store)), 16)
	store = appendEntry(store, region, typeBin, -(16 * count), 16) // wraps: rpm reads it as negative

	out := []byte{0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0}
	out = binary.BigEndian.AppendUint32(out, count)
	out = binary.BigEndian.AppendUint32(out, uint32(len(store)))
	return slices.Concat(out, first, index, store)
}

func appendEntry(dst []byte, tag, typ, offset, count uint32) []byte {
	for _, n := range []uint32{tag, typ, offset, count} {
		dst = binary.BigEndian.AppendUint32(dst, n)
	}
	return dst
}
