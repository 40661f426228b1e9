package repomd

import (
	"bytes"
	"compress/bzip2"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// Format is a compression of metadata files; its value is the usual extension.
type Format string

const (
	Plain  Format = ""
	Gzip   Format = "gz"
	Bzip2  Format = "bz2"
	XZ     Format = "xz"
	Zstd   Format = "zst"
	Zchunk Format = "zck"
)

// String names f in an error text.
func (f Format) String() string {
	if f == Plain {
		return "plain"
	}
	return string(f)
}

// Ext is what f adds to a file name: ".gz", or "" for Plain.
func (f Format) Ext() string {
	if f == Plain {
		return ""
	}
	return "." + string(f)
}

// maxMagic is how many bytes Detect looks at.
const maxMagic = 10

// Detect tells the format of a file by its first bytes. Names lie: a group_gz
// may be plain, and mirrors rename.
func Detect(head []byte) Format {
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return Gzip
	case len(head) >= 10 && string(head[:3]) == "BZh" && head[3] >= '1' && head[3] <= '9' &&
		(string(head[4:10]) == "1AY&SY" || string(head[4:10]) == "\x17rE8P\x90"):
		return Bzip2
	case bytes.HasPrefix(head, []byte("\xfd7zXZ\x00")):
		return XZ
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")),
		len(head) >= 4 && head[0]&0xf0 == 0x50 && string(head[1:4]) == "\x2a\x4d\x18": // a skippable frame
		return Zstd
	case bytes.HasPrefix(head, []byte("\x00ZCK1")):
		return Zchunk
	}
	return Plain
}

// newDecoder opens a stream of format f of which at most so many bytes will be taken. Only the
// memory of the decoder itself is bounded here.
func newDecoder(r io.Reader, f Format, most int64) (io.ReadCloser, error) {
	switch f {
	case Plain:
		return io.NopCloser(r), nil
	case Gzip:
		return gzip.NewReader(r)
	case Bzip2:
		return io.NopCloser(bzip2.NewReader(r)), nil
	case XZ:
		return io.NopCloser(newXZReader(r, most)), nil
	case Zstd:
		z, err := zstd.NewReader(r, zstdOptions...)
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	case Zchunk:
		return newZchunkReader(r)
	}
	return nil, fmt.Errorf("no reader for format %s", f)
}

// maxZstdWindow is what a zstd frame may ask for.
const maxZstdWindow = 128 << 20

// One goroutine and little memory: repositories are read many at a time.
var zstdOptions = []zstd.DOption{
	zstd.WithDecoderConcurrency(1),
	zstd.WithDecoderLowmem(true),
	zstd.WithDecoderMaxWindow(maxZstdWindow),
}

// NewWriter compresses into w; Close ends the stream and leaves w open. The bytes depend on what
// is written and on nothing else: no name, no time, one goroutine, one level. There is no writer
// for bzip2 and zchunk.
func NewWriter(w io.Writer, f Format) (io.WriteCloser, error) {
	switch f {
	case Plain:
		return nopWriteCloser{w}, nil
	case Gzip:
		return gzip.NewWriterLevel(w, gzip.BestCompression)
	case XZ:
		return xz.NewWriter(w)
	case Zstd:
		return zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedBetterCompression),
			zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(8<<20))
	}
	return nil, fmt.Errorf("no writer for format %s", f)
}

type nopWriteCloser struct{ io.Writer }

func (nopWriteCloser) Close() error { return nil }
