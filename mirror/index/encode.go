package index

import (
	"encoding/binary"
	"hash/crc32"
)

// The file of an index, all numbers varints:
//
//	magic      "mcindex" and the version, 8 bytes
//	nodes      how many directories
//	entries    how many entries in all
//	names      how many bytes of names
//	node       the root, then for each node, after its entries, the nodes of its directories in order:
//	             device, inode, mtime, ctime, racy, number of entries, and for each of these
//	             type, length of the name, mtime less the directory's, inode,
//	             and but for directories size and links
//	names      of all entries, one after the other, in the order of the nodes
//	checksum   CRC-32C of all before, 4 bytes, little endian
//
// Names stand together so that in memory one string holds them all.
const magic = "mcindex\x01"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// encoder writes nodes and gathers names.
type encoder struct {
	out   []byte
	names []byte
}

// Encode is the index as a file holds it.
func (x *Index) Encode() []byte {
	var body encoder
	entries := 0
	for _, n := range x.dirs {
		entries += len(n.entries)
	}
	body.out = make([]byte, 0, 24*entries+64*len(x.dirs))
	body.node(x.root)

	out := make([]byte, 0, len(magic)+len(body.out)+len(body.names)+64)
	out = append(out, magic...)
	for _, n := range []int{len(x.dirs), entries, len(body.names)} {
		out = binary.AppendUvarint(out, uint64(n))
	}
	out = append(out, body.out...)
	out = append(out, body.names...)
	return binary.LittleEndian.AppendUint32(out, crc32.Checksum(out, castagnoli))
}

func (e *encoder) uint(v uint64) { e.out = binary.AppendUvarint(e.out, v) }
func (e *encoder) int(v int64)   { e.out = binary.AppendVarint(e.out, v) }

func (e *encoder) node(n *node) {
	e.uint(n.stamp.dev)
	e.uint(n.stamp.inode)
	e.int(n.stamp.mtime)
	e.int(n.stamp.ctime)
	racy := uint64(0)
	if n.stamp.racy {
		racy = 1
	}
	e.uint(racy)
	e.uint(uint64(len(n.entries)))
	for i := range n.entries {
		entry := &n.entries[i]
		e.uint(uint64(entry.Type))
		e.uint(uint64(len(entry.Name)))
		e.int(entry.MTime - n.stamp.mtime) // wraps around where it must, and back in the decoder
		e.uint(entry.Inode)
		if entry.Type != Dir {
			e.int(entry.Size)
			e.uint(uint64(entry.Links))
		}
		e.names = append(e.names, entry.Name...)
	}
	for _, dir := range n.dirs {
		e.node(dir)
	}
}
