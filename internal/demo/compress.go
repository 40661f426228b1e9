package demo

import (
	"bytes"
	"io"
	"sync"

	"mirrorctl/repomd"
)

// compressors are kept from one payload to the next: a new one for each of 800 packages would spend more
// time on clearing its window than on the few kilobytes that go through it.
var compressors = map[repomd.Format]*sync.Pool{repomd.Gzip: {}, repomd.Zstd: {}}

// compress packs data. The bytes depend on nothing else.
func compress(format repomd.Format, data []byte) ([]byte, error) {
	var buf bytes.Buffer
	z, err := compressor(format, &buf)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(data); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	compressors[format].Put(z)
	return buf.Bytes(), nil
}

func compressor(format repomd.Format, w io.Writer) (io.WriteCloser, error) {
	if z, ok := compressors[format].Get().(interface {
		io.WriteCloser
		Reset(io.Writer)
	}); ok {
		z.Reset(w)
		return z, nil
	}
	return repomd.NewWriter(w, format)
}
