package egress

import (
	"io"
	"sync"
	"time"
)

// body is an answer's body with an end to its size and to our patience.
type body struct {
	io.ReadCloser
	cancel func() // of the request: a read that waits for a silent server has no other end
	left   int64

	mu    sync.Mutex // guards what follows
	timer *time.Timer
	got   int64 // since the last look
	slow  bool
	done  bool
}

// pace is what a server must keep up: least bytes in every span.
type pace struct {
	every time.Duration
	least int64
}

func newBody(rc io.ReadCloser, cancel func(), max int64, p pace) *body {
	b := &body{ReadCloser: rc, cancel: cancel, left: max}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.timer = time.AfterFunc(p.every, func() { b.look(p) })
	return b
}

func (b *body) look(p pace) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.done:
	case b.got < p.least:
		b.slow = true
		b.cancel()
	default:
		b.got = 0
		b.timer.Reset(p.every)
	}
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, ErrTooLarge
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1] // one more than allowed tells a body that ends in time from one that does not
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	b.mu.Lock()
	b.got += int64(n)
	slow := b.slow
	b.mu.Unlock()
	switch {
	case b.left < 0:
		return n - 1, ErrTooLarge
	case err != nil && err != io.EOF && slow:
		return n, ErrSlow
	}
	return n, err
}

// Close implements io.Closer.
func (b *body) Close() error {
	b.mu.Lock()
	b.done = true
	b.timer.Stop()
	b.mu.Unlock()
	err := b.ReadCloser.Close()
	b.cancel()
	return err
}
