package repomd_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"testing"

	"mirrorctl/repomd"
)

// zchunkFile is what a hand-made zchunk file says; its checksums over header and body are right.
type zchunkFile struct {
	magic                    string
	flags, compression, kind uint64
	chunks                   []zchunkPart
	tail                     string // behind the body
}

type zchunkPart struct {
	sum, openSum []byte // openSum nil where the flag for it is not set
	data         string
	open         uint64
}

func (z zchunkFile) bytes() []byte {
	var body, index []byte
	index = append(index, compressed(z.kind, uint64(len(z.chunks)))...)
	for _, c := range z.chunks {
		index = slices.Concat(index, c.sum, c.openSum, compressed(uint64(len(c.data)), c.open))
		body = append(body, c.data...)
	}
	bodySum := sha256.Sum256(body)
	if z.flags&4 != 0 {
		clear(bodySum[:])
	}
	rest := slices.Concat(bodySum[:], compressed(z.flags, z.compression, uint64(len(index))), index, compressed(0))
	lead := slices.Concat([]byte(z.magic), compressed(1, uint64(len(rest))))
	sum := sha256.Sum256(slices.Concat(lead, rest))
	return slices.Concat(lead, sum[:], rest, body, []byte(z.tail))
}

// compressed writes integers as zchunk does: seven bits a byte, the top bit on the last.
func compressed(numbers ...uint64) (b []byte) {
	for _, n := range numbers {
		for ; n > 0x7f; n >>= 7 {
			b = append(b, byte(n&0x7f))
		}
		b = append(b, byte(n)|0x80)
	}
	return b
}

func TestZchunk(t *testing.T) {
	sum := func(s string) []byte { h := sha256.Sum256([]byte(s)); return h[:] }
	zero := make([]byte, 32)
	plain := zchunkFile{magic: "\x00ZCK1", kind: 1, chunks: []zchunkPart{{sum: zero}, {sum("abc"), nil, "abc", 3}, {sum("de"), nil, "de", 2}}}
	both := plain
	both.flags, both.compression = 4, 2
	both.chunks = []zchunkPart{{sum: zero, openSum: zero}, {zero, sum("abc"), "abc", 3}}
	with := func(z zchunkFile, change func(*zchunkFile)) zchunkFile {
		z.chunks = slices.Clone(z.chunks)
		change(&z)
		return z
	}
	for _, test := range []struct {
		name string
		file zchunkFile
		want string // the content, or the error after "!"
	}{
		{"two chunks", plain, "abcde"},
		{"a chunk stored as it is, in a file with both checksums", both, "abc"},
		{"its content is not the listed one", with(both, func(z *zchunkFile) { z.chunks[1].openSum = zero }), "!checksum of the content of chunk 1"},
		{"no checksum is no excuse in other files", with(plain, func(z *zchunkFile) { z.chunks[1].sum = zero }), "!checksum of chunk 1"},
		{"the second chunk is wrong", with(plain, func(z *zchunkFile) { z.chunks[2].data = "dE" }), "!checksum of chunk 2"},
		{"less content than listed", with(plain, func(z *zchunkFile) { z.chunks[1].open = 4 }), "!the header says 4"},
		{"more content than listed", with(plain, func(z *zchunkFile) { z.chunks[1].open = 2 }), "!the header says 2"},
		{"bytes behind the end", with(plain, func(z *zchunkFile) { z.tail = "x" }), "!bytes behind"},
		{"no chunks", with(plain, func(z *zchunkFile) { z.chunks = nil }), "!not a valid file"},
		{"a chunk of 1 GiB", with(plain, func(z *zchunkFile) { z.chunks[1].open = 1 << 30 }), "!over the limit"},
		{"an unknown flag", with(plain, func(z *zchunkFile) { z.flags = 8 }), "!flags"},
		{"data streams", with(plain, func(z *zchunkFile) { z.flags = 1 }), "!flags"},
		{"an unknown compression", with(plain, func(z *zchunkFile) { z.compression = 1 }), "!compression 1"},
		{"an unknown hash", with(plain, func(z *zchunkFile) { z.kind = 9 }), "!not a valid file"},
		{"zstd that is none", with(plain, func(z *zchunkFile) { z.compression = 2 }), "!chunk 1"},
	} {
		got, err := readAll(test.file.bytes(), repomd.Limits{Output: 100})
		text, wrong := strings.CutPrefix(test.want, "!")
		switch {
		case !wrong && (err != nil || string(got) != text):
			t.Errorf("%s: %q, %v", test.name, got, err)
		case wrong && (err == nil || !strings.Contains(err.Error(), text)):
			t.Errorf("%s: error %v does not say %q", test.name, err, text)
		case wrong && !strings.HasPrefix("abcde", string(got)):
			t.Errorf("%s: gave %q", test.name, got)
		}
	}
}

// A header may claim anything; it is taken as it comes, and no faster.
func TestZchunkHeaderClaims(t *testing.T) {
	for name, raw := range map[string][]byte{
		"a header of 4 MiB that ends":        slices.Concat([]byte("\x00ZCK1"), compressed(1, 4<<20), make([]byte, 100)),
		"a header of 5 MiB":                  slices.Concat([]byte("\x00ZCK1"), compressed(1, 5<<20), make([]byte, 100)),
		"a header of 2^63":                   slices.Concat([]byte("\x00ZCK1"), compressed(1, 1<<63), make([]byte, 100)),
		"a number without end":               slices.Concat([]byte("\x00ZCK1"), make([]byte, 100)),
		"a million chunks, two of them here": zchunkClaim(1 << 20),
	} {
		var err error
		used := allocated(func() { _, err = readAll(raw, repomd.UnknownSize) })
		if err == nil || used > 1<<20 {
			t.Errorf("%s: %d KiB allocated, %v", name, used>>10, err)
		}
		if errors.Is(err, repomd.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// zchunkClaim is a file whose index claims n chunks and has two.
func zchunkClaim(n uint64) []byte {
	rest := slices.Concat(make([]byte, 32), compressed(0, 0, 10, 1, n), bytes.Repeat(slices.Concat(make([]byte, 32), compressed(0, 0)), 2))
	lead := slices.Concat([]byte("\x00ZCK1"), compressed(1, uint64(len(rest))))
	sum := sha256.Sum256(slices.Concat(lead, rest))
	return slices.Concat(lead, sum[:], rest)
}
