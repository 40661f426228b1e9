package s3store

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// Attempts at one request, and how long until the second. The archive tries again on top of that,
// ever later.
const (
	attempts  = 4
	firstWait = 100 * time.Millisecond
)

// try makes a request until it is answered for good, and reports how often it was sent. From the
// second time on an earlier one may have been done, its answer lost.
func (s *Store) try(ctx context.Context, op, key string, request func() error) (sent int, err error) {
	for wait := s.wait; ; wait *= 2 {
		if err := ctx.Err(); err != nil {
			return sent, s.fail(op, key, err)
		}
		sent++
		err := s.fail(op, key, request())
		var e *Error
		if err == nil || !errors.As(err, &e) || !e.Temporary() || sent == attempts {
			return sent, err
		}
		timer := time.NewTimer(wait/2 + rand.N(wait)) // many were refused at once: not all again at once
		select {
		case <-ctx.Done():
			timer.Stop()
			return sent, s.fail(op, key, ctx.Err())
		case <-timer.C:
		}
	}
}
