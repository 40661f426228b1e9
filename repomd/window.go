package repomd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// window is the part of a document that a scanner looks at. It grows to hold one token, never
// beyond maxToken, and counts what it reads against a cap.
type window struct {
	src  io.Reader
	err  error // sticky, io.EOF included
	buf  []byte
	pos  int // buf[pos:] is unread
	read int64
	cap  int64
}

var errTokenSize = fmt.Errorf("a tag, text or comment over %d bytes", maxToken)

// rest is what was read and not yet taken.
func (w *window) rest() []byte { return w.buf[w.pos:] }

// offset is the position in the document.
func (w *window) offset() int64 { return w.read - int64(len(w.rest())) }

// fill reads more behind rest and reports whether it could. Slices of the window are invalid
// afterwards.
func (w *window) fill() bool {
	if w.err != nil {
		return false
	}
	if w.pos > 0 {
		w.buf = w.buf[:copy(w.buf, w.rest())]
		w.pos = 0
	}
	if len(w.buf) == cap(w.buf) {
		if len(w.buf) > maxToken {
			w.err = errTokenSize
			return false
		}
		grown := make([]byte, len(w.buf), min(max(64<<10, 2*cap(w.buf)), maxToken+1))
		copy(grown, w.buf)
		w.buf = grown
	}
	for range 100 {
		n, err := w.src.Read(w.buf[len(w.buf):cap(w.buf)])
		w.buf = w.buf[:len(w.buf)+n]
		w.read += int64(n)
		if w.read > w.cap {
			err = fmt.Errorf("document over %d bytes", w.cap)
			n = 0
		}
		w.err = err
		if n > 0 || err != nil {
			return n > 0
		}
	}
	w.err = io.ErrNoProgress
	return false
}

// at reports whether rest begins with prefix.
func (w *window) at(prefix string) bool {
	for len(w.rest()) < len(prefix) && w.fill() {
	}
	return bytes.HasPrefix(w.rest(), []byte(prefix))
}

// until takes everything up to and including sep, and gives what stood before it, without its
// first skip bytes.
func (w *window) until(sep string, skip int) ([]byte, error) {
	from := skip
	for {
		rest := w.rest()
		if from <= len(rest) {
			if i := bytes.Index(rest[from:], []byte(sep)); i >= 0 {
				w.pos += from + i + len(sep)
				return rest[skip : from+i], nil
			}
			from = max(skip, len(rest)-len(sep)+1)
		}
		if !w.fill() {
			return nil, w.failure()
		}
	}
}

// tag takes a tag up to its '>', which may not stand in quotes, and gives what is between the
// first skip bytes and the '>'.
func (w *window) tag(skip int) ([]byte, error) {
	quote := byte(0)
	for i := skip; ; {
		for rest := w.rest(); i < len(rest); i++ {
			switch c := rest[i]; {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '"' || c == '\'':
				quote = c
			case c == '>':
				w.pos += i + 1
				return rest[skip:i], nil
			case c == '<':
				return nil, errors.New("a tag inside a tag")
			}
		}
		if !w.fill() {
			return nil, w.failure()
		}
	}
}

// text takes everything up to the next '<' or the end.
func (w *window) text() ([]byte, error) {
	for i := 0; ; {
		rest := w.rest()
		if j := bytes.IndexByte(rest[i:], '<'); j >= 0 {
			w.pos += i + j
			return rest[:i+j], nil
		}
		i = len(rest)
		if !w.fill() {
			if w.err != io.EOF {
				return nil, w.err
			}
			w.pos = len(w.buf)
			return rest, nil
		}
	}
}

// failure is why a token that was begun did not end.
func (w *window) failure() error {
	if w.err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return w.err
}
