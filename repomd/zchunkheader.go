package repomd

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
)

// Limits of a zchunk file. zck makes chunks of at most 10 MiB, and a header of some 25 bytes for each.
const (
	maxZchunkHeader = 4 << 20
	maxZchunkChunk  = 32 << 20
)

var errZchunk = errors.New("zchunk: not a valid file")

// zchunkHeader is what stands before the body: enough to fetch and to prove each chunk alone.
//
//	lead        "\0ZCK1", hash of header and body, bytes behind the lead, checksum of all but itself
//	preface     checksum of the body, flags, compression
//	index       hash of the chunks; for each: checksum, size, size of its content
//	signatures  of which none is defined
//
// The first chunk is the zstd dictionary of the others, of size 0 where there is none.
type zchunkHeader struct {
	checksum Checksum // of the header itself: header-checksum in repomd.xml
	size     int64    // lead included: header-size in repomd.xml

	body     []byte // checksum of the body
	bodyHash zchunkHash
	both     bool // chunks have a checksum of their content too; the body then has none
	plain    bool // chunks are not compressed
	hash     zchunkHash
	chunks   []zchunkChunk
}

type zchunkChunk struct {
	sum, openSum []byte // openSum only where the header has both
	size, open   int64
}

// zchunkHash is a hash as zchunk numbers it. SHA-512/128 is the first 16 bytes of SHA-512.
type zchunkHash struct {
	name  string
	make  func() hash.Hash
	width int
}

var zchunkHashes = []zchunkHash{
	{"sha1", sha1.New, 20}, {"sha256", sha256.New, 32}, {"sha512", sha512.New, 64}, {"sha512_128", sha512.New, 16},
}

func (z zchunkHash) sum(parts ...[]byte) []byte {
	h := z.make()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)[:z.width]
}

// readZchunkHeader reads and proves the header, and leaves r at the body.
func readZchunkHeader(r *bufio.Reader) (*zchunkHeader, error) {
	lead := zchunkScanner{r: r}
	magic := lead.bytes(5)
	h := &zchunkHeader{bodyHash: lead.hash()}
	size := lead.int()
	if lead.err != nil || string(magic) != "\x00ZCK1" || size > maxZchunkHeader {
		return nil, cmp.Or(lead.err, errZchunk)
	}
	before := bytes.Clone(lead.taken)
	digest := lead.bytes(h.bodyHash.width)
	var rest bytes.Buffer // CopyN: a header that claims 4 MiB must send them before we take them
	if _, err := io.CopyN(&rest, r, int64(size)); lead.err != nil || err != nil {
		return nil, cmp.Or(lead.err, noEOF(err))
	}
	if got := h.bodyHash.sum(before, rest.Bytes()); !bytes.Equal(got, digest) {
		return nil, fmt.Errorf("zchunk: header checksum is %x, the header says %x", got, digest)
	}
	h.checksum = Checksum{Type: h.bodyHash.name, Hex: hex.EncodeToString(digest)}
	h.size = int64(len(lead.taken)) + int64(size)
	return h, h.parse(&zchunkScanner{r: bufio.NewReader(&rest)})
}

// Flags of the preface.
const (
	zchunkOptions = 1 << 1
	zchunkBoth    = 1 << 2
)

// parse reads preface and index.
func (h *zchunkHeader) parse(s *zchunkScanner) error {
	h.body = s.bytes(h.bodyHash.width)
	flags, compression := s.int(), s.int()
	switch {
	case s.err != nil:
		return s.err
	case flags&^(zchunkOptions|zchunkBoth) != 0:
		return fmt.Errorf("zchunk: flags %#x are not known", flags)
	case compression != 0 && compression != 2:
		return fmt.Errorf("zchunk: compression %d is not known", compression)
	}
	h.plain, h.both = compression == 0, flags&zchunkBoth != 0
	if flags&zchunkOptions != 0 {
		for n := s.int(); n > 0 && s.err == nil; n-- {
			s.int()
			s.bytes(int(min(s.int(), maxZchunkHeader)))
		}
	}
	s.int() // size of the index
	h.hash = s.hash()
	count := s.int()
	for ; count > 0 && s.err == nil; count-- {
		c := zchunkChunk{sum: s.bytes(h.hash.width)}
		if h.both {
			c.openSum = s.bytes(h.hash.width)
		}
		size, open := s.int(), s.int()
		if max(size, open) > maxZchunkChunk {
			return fmt.Errorf("zchunk: a chunk of %d bytes for %d: %w", size, open, ErrTooLarge)
		}
		c.size, c.open = int64(size), int64(open)
		h.chunks = append(h.chunks, c)
	}
	if s.err == nil && len(h.chunks) == 0 {
		return errZchunk
	}
	return s.err
}

// zchunkScanner reads the fields of a header; its first error stays, and every field after it is zero.
type zchunkScanner struct {
	r     *bufio.Reader
	taken []byte
	err   error
}

func (s *zchunkScanner) byte() byte {
	b, err := s.r.ReadByte()
	if s.err != nil || err != nil {
		s.err = cmp.Or(s.err, noEOF(err))
		return 0
	}
	s.taken = append(s.taken, b)
	return b
}

func (s *zchunkScanner) bytes(n int) []byte {
	var b []byte
	for ; n > 0 && s.err == nil; n-- {
		b = append(b, s.byte())
	}
	return b
}

// int reads seven bits a byte, the low ones first; the top bit marks the last byte.
func (s *zchunkScanner) int() (n uint64) {
	for shift := 0; s.err == nil; shift += 7 {
		b := s.byte()
		if shift > 56 {
			s.err = errZchunk
		}
		n |= uint64(b&0x7f) << shift
		if b&0x80 != 0 {
			return n
		}
	}
	return 0
}

func (s *zchunkScanner) hash() zchunkHash {
	if n := s.int(); n < uint64(len(zchunkHashes)) && s.err == nil {
		return zchunkHashes[n]
	}
	s.err = cmp.Or(s.err, errZchunk)
	return zchunkHashes[0]
}
