package repomd

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

// Limits of an xz file.
const (
	maxXZDict   = 64 << 20 // what xz -9 asks for
	maxXZBlocks = 1 << 16
)

// xzReader reads the xz container (version 1.1.0 of its specification): streams of blocks, each with a
// dictionary of its own. The decoder of LZMA2 is the library's, the container is ours, because the
// library's allocates whatever dictionary any block asks for, up to 4 GiB.
type xzReader struct {
	r       *bufio.Reader
	most    int64 // bytes that anybody will take: no dictionary need be larger
	n       int64 // bytes taken from r
	out     int64 // bytes given
	dicts   int64 // bytes of all dictionaries so far
	streams int

	check   byte   // kind of the integrity check, of this stream
	records []byte // of the index to come
	blocks  int

	block io.Reader // content of the open block; nil between blocks
	sum   hash.Hash // over it
	got   int64     // bytes of it
	begin int64     // where its header begins
	data  int64     // where its data begins
	err   error
}

var errXZ = errors.New("not a valid xz file")

func newXZReader(r io.Reader, most int64) *xzReader {
	return &xzReader{r: bufio.NewReader(r), most: most}
}

// ReadByte and Read count; the LZMA2 decoder takes exactly its own bytes through them.
type xzSource struct{ x *xzReader }

func (s xzSource) ReadByte() (byte, error) {
	b, err := s.x.r.ReadByte()
	if err == nil {
		s.x.n++
	}
	return b, err
}

func (s xzSource) Read(p []byte) (int, error) {
	n, err := s.x.r.Read(p)
	s.x.n += int64(n)
	return n, err
}

func (x *xzReader) Read(p []byte) (int, error) {
	for x.err == nil {
		if x.block == nil {
			x.err = x.advance()
			continue
		}
		n, err := x.block.Read(p)
		x.sum.Write(p[:n])
		x.got += int64(n)
		x.out += int64(n)
		if err == io.EOF {
			err = x.endBlock()
		}
		x.err = err
		if n > 0 {
			return n, nil
		}
	}
	return 0, x.err
}

// advance opens the next block, through the end of one stream and the start of the next where
// they lie between. At the end of the file it returns io.EOF.
func (x *xzReader) advance() error {
	if x.streams == 0 || x.check == noStream {
		return x.startStream()
	}
	x.begin = x.n
	size, err := xzSource{x}.ReadByte()
	if err != nil {
		return noEOF(err)
	}
	if size == 0 {
		return x.endStream()
	}
	header := make([]byte, (int(size)+1)*4)
	header[0] = size
	if err := x.full(header[1:]); err != nil {
		return err
	}
	return x.startBlock(header)
}

// noStream stands in check between two streams.
const noStream = 0xff

func (x *xzReader) startStream() error {
	var h [12]byte
	for {
		if n, err := io.ReadFull(xzSource{x}, h[:4]); n == 0 && err == io.EOF && x.streams > 0 {
			return io.EOF
		} else if err != nil {
			return noEOF(err)
		}
		if x.streams == 0 || binary.LittleEndian.Uint32(h[:4]) != 0 { // padding between streams
			break
		}
	}
	if err := x.full(h[4:]); err != nil {
		return err
	}
	if string(h[:7]) != "\xfd7zXZ\x00\x00" || crc32.ChecksumIEEE(h[6:8]) != binary.LittleEndian.Uint32(h[8:]) {
		return errXZ
	}
	x.check, x.records, x.blocks = h[7], x.records[:0], 0
	x.streams++
	return nil
}

func (x *xzReader) startBlock(header []byte) error {
	end := len(header) - 4
	if crc32.ChecksumIEEE(header[:end]) != binary.LittleEndian.Uint32(header[end:]) {
		return errXZ
	}
	flags, rest := header[1], bytes.NewReader(header[2:end])
	if flags&0x3f != 0 { // one filter, no reserved bit
		return fmt.Errorf("xz: filters other than LZMA2 are not read")
	}
	for _, present := range []bool{flags&0x40 != 0, flags&0x80 != 0} {
		if present { // the two sizes; the index repeats them, and is checked
			if _, err := binary.ReadUvarint(rest); err != nil {
				return errXZ
			}
		}
	}
	var filter [3]byte // LZMA2, one byte of properties
	if _, err := io.ReadFull(rest, filter[:]); err != nil || filter[0] != 0x21 || filter[1] != 1 {
		return fmt.Errorf("xz: filters other than LZMA2 are not read")
	}
	dict, err := lzma.DecodeDictCap(filter[2])
	switch {
	case err != nil:
		return errXZ
	case dict > maxXZDict:
		return fmt.Errorf("xz: a dictionary of %d bytes, at most %d: %w", dict, maxXZDict, ErrTooLarge)
	case x.blocks == maxXZBlocks:
		return fmt.Errorf("xz: over %d blocks: %w", maxXZBlocks, ErrTooLarge)
	}
	// Each block's dictionary is allocated and cleared anew, and a file of empty blocks would be
	// nothing else. Real blocks are at least three times as large as their dictionary.
	dict = max(min(dict, x.most), lzma.MinDictCap)
	if x.dicts += dict; x.dicts > 4*maxXZDict+4*x.out {
		return fmt.Errorf("xz: dictionaries of %d bytes for %d bytes of content: %w", x.dicts, x.out, ErrTooLarge)
	}
	if x.sum, err = xzCheck(x.check); err != nil {
		return err
	}
	x.data, x.got = x.n, 0
	x.block, err = lzma.Reader2Config{DictCap: int(dict)}.NewReader2(xzSource{x})
	return err
}

func (x *xzReader) endBlock() error {
	unpadded := x.n - x.begin + int64(x.sum.Size())
	tail := make([]byte, int(-(x.n-x.data)&3)+x.sum.Size())
	if err := x.full(tail); err != nil {
		return err
	}
	want := x.sum.Sum(nil)
	if x.check == 0x01 || x.check == 0x04 { // CRCs are stored little-endian
		for i, j := 0, len(want)-1; i < j; i, j = i+1, j-1 {
			want[i], want[j] = want[j], want[i]
		}
	}
	if !bytes.Equal(tail[len(tail)-len(want):], want) {
		return fmt.Errorf("xz: check of block %d differs", x.blocks+1)
	}
	x.records = binary.AppendUvarint(x.records, uint64(unpadded))
	x.records = binary.AppendUvarint(x.records, uint64(x.got))
	x.blocks++
	x.block = nil
	return nil
}

// endStream reads index and footer, which must be what the blocks were: there is only one way
// to write either.
func (x *xzReader) endStream() error {
	index := binary.AppendUvarint([]byte{0}, uint64(x.blocks))
	index = append(index, x.records...)
	index = append(index, make([]byte, -len(index)&3)...)
	index = binary.LittleEndian.AppendUint32(index, crc32.ChecksumIEEE(index))
	footer := binary.LittleEndian.AppendUint32(nil, uint32(len(index)/4-1))
	footer = append(footer, 0, x.check)
	footer = append(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(footer)), footer...)
	want := append(append(index[1:], footer...), "YZ"...)

	got := make([]byte, len(want))
	if err := x.full(got); err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("xz: the index is not that of the blocks")
	}
	x.check = noStream
	return nil
}

func (x *xzReader) full(p []byte) error {
	_, err := io.ReadFull(xzSource{x}, p)
	return noEOF(err)
}

// xzCheck is the hash of an integrity check; kinds of no known hash are refused.
func xzCheck(kind byte) (hash.Hash, error) {
	switch kind {
	case 0x00:
		return noHash{}, nil
	case 0x01:
		return crc32.NewIEEE(), nil
	case 0x04:
		return crc64.New(crc64.MakeTable(crc64.ECMA)), nil
	case 0x0a:
		return sha256.New(), nil
	}
	return nil, fmt.Errorf("xz: unknown check %d", kind)
}

// noHash is the check of xz --check=none.
type noHash struct{}

func (noHash) Write(p []byte) (int, error) { return len(p), nil }
func (noHash) Sum(b []byte) []byte         { return b }
func (noHash) Reset()                      {}
func (noHash) Size() int                   { return 0 }
func (noHash) BlockSize() int              { return 1 }
