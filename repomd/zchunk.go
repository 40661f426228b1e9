package repomd

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"
)

// zchunkReader gives the content of a zchunk file: chunks compressed one by one, each proved
// before its first byte is given.
type zchunkReader struct {
	r       *bufio.Reader
	header  *zchunkHeader
	next    int       // chunk
	body    hash.Hash // over all chunks, the dictionary included
	decoder *zstd.Decoder
	rest    []byte // of the content of the last chunk
	raw     []byte // buffers, used again by each chunk
	open    []byte
	err     error
}

func newZchunkReader(r io.Reader) (io.ReadCloser, error) {
	z := &zchunkReader{r: bufio.NewReader(r)}
	var err error
	if z.header, err = readZchunkHeader(z.r); err != nil {
		return nil, err
	}
	z.body = z.header.bodyHash.make()
	if z.decoder, err = zstd.NewReader(nil, zchunkOptionsWith()...); err != nil {
		return nil, err
	}
	dict, err := z.chunk()
	if err == nil && len(dict) > 0 {
		err = z.useDict(bytes.Clone(dict))
	}
	if err != nil {
		z.Close()
		return nil, err
	}
	return z, nil
}

func zchunkOptionsWith(more ...zstd.DOption) []zstd.DOption {
	return append(more, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecodeAllCapLimit(true))
}

// useDict changes to the dictionary that the chunks behind the first are compressed with. One
// without zstd's magic is raw content, which has number 0.
func (z *zchunkReader) useDict(dict []byte) (err error) {
	z.decoder.Close()
	option := zstd.WithDecoderDictRaw(0, dict)
	if bytes.HasPrefix(dict, []byte("\x37\xa4\x30\xec")) {
		option = zstd.WithDecoderDicts(dict)
	}
	z.decoder, err = zstd.NewReader(nil, zchunkOptionsWith(option)...)
	return err
}

func (z *zchunkReader) Read(p []byte) (int, error) {
	for len(z.rest) == 0 && z.err == nil {
		z.rest, z.err = z.chunk()
	}
	if z.err != nil {
		return 0, z.err
	}
	n := copy(p, z.rest)
	z.rest = z.rest[n:]
	return n, nil
}

func (z *zchunkReader) Close() error {
	if z.decoder != nil {
		z.decoder.Close()
	}
	return nil
}

// chunk is the content of the next chunk, valid until the one after it; io.EOF behind the last.
func (z *zchunkReader) chunk() ([]byte, error) {
	if z.next == len(z.header.chunks) {
		return nil, z.end()
	}
	h, c := z.header, z.header.chunks[z.next]
	z.next++
	if c.size == 0 && c.open == 0 { // no dictionary
		return nil, nil
	}
	buffer := bytes.NewBuffer(z.raw[:0])
	if _, err := io.CopyN(buffer, z.r, c.size); err != nil {
		return nil, noEOF(err)
	}
	z.raw = buffer.Bytes()
	z.body.Write(z.raw)

	// In a file with both checksums, one of zeros marks a chunk that is stored as it is.
	stored := h.both && bytes.Count(c.sum, []byte{0}) == len(c.sum)
	if !stored && !bytes.Equal(h.hash.sum(z.raw), c.sum) {
		return nil, fmt.Errorf("zchunk: checksum of chunk %d differs", z.next-1)
	}
	content := z.raw
	if !h.plain && !stored {
		var err error
		if content, err = z.inflate(c); err != nil {
			return nil, fmt.Errorf("zchunk: chunk %d: %w", z.next-1, err)
		}
	}
	switch {
	case int64(len(content)) != c.open:
		return nil, fmt.Errorf("zchunk: chunk %d has %d bytes of content, the header says %d", z.next-1, len(content), c.open)
	case h.both && z.next > 1 && !bytes.Equal(h.hash.sum(content), c.openSum):
		return nil, fmt.Errorf("zchunk: checksum of the content of chunk %d differs", z.next-1)
	}
	return content, nil
}

func (z *zchunkReader) inflate(c zchunkChunk) ([]byte, error) {
	if int64(cap(z.open)) < c.open {
		z.open = make([]byte, 0, c.open)
	}
	return z.decoder.DecodeAll(z.raw, z.open[:0:c.open])
}

// end checks what can be checked behind the last chunk only.
func (z *zchunkReader) end() error {
	if want := z.header.body; !z.header.both && !bytes.Equal(z.body.Sum(nil)[:len(want)], want) {
		return errors.New("zchunk: checksum of the body differs")
	}
	if _, err := z.r.ReadByte(); err != io.EOF {
		return errors.New("zchunk: bytes behind the last chunk")
	}
	return io.EOF
}
