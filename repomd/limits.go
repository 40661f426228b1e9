package repomd

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// MaxOpenSize is the most content that any file may have, in bytes.
const MaxOpenSize = 2 << 30

// ErrTooLarge is wrapped by the error of a read that would go over a limit.
var ErrTooLarge = errors.New("over the limit")

// Limits bound what a compressed file may become. The zero value lets nothing through.
type Limits struct {
	Output int64 // at most so many bytes of content, and never more than MaxOpenSize
	Ratio  int64 // at most so many bytes of content for each byte read; 0 is no such limit
}

// ratioFloor is the content below which no ratio is looked at: a small file of
// zeros is no bomb, and 16 MiB hurt nobody.
const ratioFloor = 16 << 20

// UnknownSize are the limits of content whose size nobody declared. bzip2 makes
// 160,000 bytes out of one; a primary.xml makes 15, an sqlite file without packages 50.
var UnknownSize = Limits{Output: MaxOpenSize, Ratio: 200}

// Limits are those of d's content: the size that the document declares, where it does.
func (d Data) Limits() Limits {
	if d.OpenSize < 0 {
		return UnknownSize
	}
	return Limits{Output: d.OpenSize}
}

// NewReader gives the content of r, whose format is told by its first bytes. A read beyond lim
// fails with ErrTooLarge, before more memory is taken; what was read until then is within
// lim. Close releases the decoder and leaves r open.
func NewReader(r io.Reader, lim Limits) (io.ReadCloser, error) {
	in := &counter{r: r}
	buffered := bufio.NewReaderSize(in, 32<<10)
	head, err := buffered.Peek(maxMagic)
	if err != nil && err != io.EOF {
		return nil, err
	}
	format := Detect(head)
	lim.Output = min(lim.Output, MaxOpenSize)
	decoder, err := newDecoder(buffered, format, lim.Output)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", format, noEOF(err))
	}
	return &limited{decoder: decoder, in: in, lim: lim, format: format}, nil
}

// limited gives what decoder gives, and fails at the first byte beyond lim.
type limited struct {
	decoder io.ReadCloser
	in      *counter
	out     int64
	lim     Limits
	format  Format
	err     error
}

func (l *limited) Read(p []byte) (int, error) {
	if l.err != nil || len(p) == 0 {
		return 0, l.err
	}
	// One byte more than allowed is asked for: only so is "all" told from "too much".
	if room := l.lim.Output - l.out; int64(len(p)) > room+1 {
		p = p[:room+1]
	}
	n, err := l.decoder.Read(p)
	l.out += int64(n)
	switch {
	case l.out > l.lim.Output:
		n -= int(l.out - l.lim.Output)
		l.err = fmt.Errorf("content of over %d bytes: %w", l.lim.Output, ErrTooLarge)
	case l.lim.Ratio > 0 && l.out > ratioFloor && l.out/l.lim.Ratio > l.in.n:
		n = 0
		l.err = fmt.Errorf("%d bytes of content from %d bytes, a ratio of over %d: %w", l.out, l.in.n, l.lim.Ratio, ErrTooLarge)
	case err != nil && err != io.EOF:
		l.err = fmt.Errorf("read %s: %w", l.format, err)
	default:
		l.err = err
	}
	return n, l.err
}

func (l *limited) Close() error { return l.decoder.Close() }

// counter counts what is read through it.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// noEOF makes the end of a file that has begun an unexpected one.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
