package index

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"strings"

	"mirrorctl/mirror"
)

// minEntry is the fewest bytes an entry takes in the file; it bounds what a count may promise.
const minEntry = 5

var errCorrupt = errors.New("the file is damaged")

// Decode reads what Encode wrote. It takes raw to be hostile: memory stays within a small
// multiple of its length, and what it accepts obeys every rule of a scanned index.
func Decode(raw []byte) (*Index, error) {
	if len(raw) < len(magic)+4 || string(raw[:len(magic)]) != magic {
		return nil, errors.New("not an index of this version")
	}
	body, sum := raw[:len(raw)-4], raw[len(raw)-4:]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(sum) {
		return nil, fmt.Errorf("%w: wrong checksum", errCorrupt)
	}
	d := decoder{in: body[len(magic):]}
	nodes, entries, names := d.uint(), d.uint(), d.uint()
	left := uint64(len(d.in))
	if d.bad || names > left || entries > (left-names)/minEntry || nodes > entries+1 {
		return nil, fmt.Errorf("%w: impossible counts", errCorrupt)
	}
	split := len(d.in) - int(names)
	d.in, d.names = d.in[:split], string(d.in[split:])
	d.entries = make([]Entry, entries)
	d.paths = 32*len(raw) + 64<<10
	root := d.node("", 0, 0)
	if d.bad || len(d.in) > 0 || len(d.names) > 0 || len(d.entries) > 0 {
		return nil, errCorrupt
	}
	x := newIndex(root)
	if uint64(len(x.dirs)) != nodes {
		return nil, fmt.Errorf("%w: wrong count of directories", errCorrupt)
	}
	return x, nil
}

// decoder consumes its three fields from the front. Once bad, it stays so.
type decoder struct {
	in      []byte
	names   string
	entries []Entry
	paths   int // bytes that the paths of all directories may still take
	bad     bool
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.in)
	if n <= 0 {
		d.bad = true
		return 0
	}
	d.in = d.in[n:]
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.in)
	if n <= 0 {
		d.bad = true
		return 0
	}
	d.in = d.in[n:]
	return v
}

// node reads a directory whose path has so many bytes.
func (d *decoder) node(name string, length, depth int) *node {
	n := &node{name: name}
	n.stamp = stamp{dev: d.uint(), inode: d.uint(), mtime: d.int(), ctime: d.int()}
	racy, count := d.uint(), d.uint()
	d.paths -= length
	if d.bad || racy > 1 || count > uint64(len(d.entries)) || length > mirror.MaxPath || d.paths < 0 || depth > mirror.MaxPath/2 {
		d.bad = true
		return n
	}
	n.stamp.racy = racy == 1
	n.entries, d.entries = d.entries[:count:count], d.entries[count:]
	dirs := 0
	last := ""
	for i := range n.entries {
		e := &n.entries[i]
		d.entry(e, n.stamp.mtime)
		if d.bad || e.Name <= last || !servable(e.Name) || strings.IndexByte(e.Name, '/') >= 0 {
			d.bad = true
			return n
		}
		last = e.Name
		if e.Type == Dir {
			dirs++
		}
	}
	if dirs > 0 {
		n.dirs = make([]*node, 0, dirs)
	}
	for i := range n.entries {
		if e := &n.entries[i]; e.Type == Dir {
			n.dirs = append(n.dirs, d.node(e.Name, length+1+len(e.Name), depth+1))
			if d.bad {
				return n
			}
		}
	}
	return n
}

func (d *decoder) entry(e *Entry, mtime int64) {
	kind, length := d.uint(), d.uint()
	if kind > uint64(Special) || length == 0 || length > uint64(len(d.names)) {
		d.bad = true
		return
	}
	e.Type = Type(kind)
	e.Name, d.names = d.names[:length], d.names[length:]
	e.MTime = mtime + d.int()
	e.Inode = d.uint()
	if e.Type == Dir {
		return
	}
	e.Size = d.int()
	links := d.uint()
	e.Links = uint32(links)
	if e.Size < 0 || links > math.MaxUint32 {
		d.bad = true
	}
}
