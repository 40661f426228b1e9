package sign

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"mirrorctl/repomd"
)

const (
	atOnce  = 4               // calls; others wait in the socket's backlog
	parting = 5 * time.Second // for answers under way when the server ends
)

// Server lets some users of this machine ask a Signer.
type Server struct {
	Signer *Signer
	Allow  []uint32 // uids, by the socket's peer credentials
}

// Serve answers until ctx ends, and then for as long as answers are under way, at most five seconds. It closes l.
func (s *Server) Serve(ctx context.Context, l *net.UnixListener) error {
	ctx, cancel := context.WithCancel(ctx)
	var calls sync.WaitGroup
	defer calls.Wait()
	defer cancel()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	for room := semaphore.NewWeighted(atOnce); ; {
		if room.Acquire(ctx, 1) != nil {
			return nil
		}
		conn, err := l.AcceptUnix()
		if err != nil {
			l.Close()
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("accept at %s: %w", l.Addr(), err)
		}
		calls.Go(func() {
			defer room.Release(1)
			defer conn.Close()
			s.answer(ctx, conn)
		})
	}
}

// answer takes one call. What went wrong with the connection has nobody left to be told.
func (s *Server) answer(ctx context.Context, conn *net.UnixConn) {
	rw := &patient{UnixConn: conn}
	defer context.AfterFunc(ctx, rw.end)()
	var c call
	var a answer
	var body []byte
	uid, err := peer(conn)
	switch {
	case err != nil:
	case !slices.Contains(s.Allow, uid):
		rw.end() // a stranger gets no more than the answer
		err = refuse("user %d may not ask: add it to the users of the signer", uid)
	default:
		if err = readFrame(rw, &c); err == nil && (c.Size < 0 || c.Size > maxBody) {
			err = refuse("a body of %d bytes, at most %d", c.Size, int64(maxBody))
		}
	}
	in := io.LimitReader(rw, c.Size)
	if err == nil {
		body, err = s.do(ctx, &c, in, &a)
	}
	if r, ok := errors.AsType[*Refusal](err); ok {
		a.Refused = r.Reason
	} else if err != nil {
		a.Error = err.Error()
	}
	a.Size = int64(len(body))
	if writeFrame(rw, &a) != nil {
		return
	}
	if _, err := rw.Write(body); err != nil {
		return
	}
	// A socket that is closed with bytes unread takes the answer with it.
	if err := conn.CloseWrite(); err == nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(rw, maxBody))
	}
}

// do takes the call to the Signer.
func (s *Server) do(ctx context.Context, c *call, in io.Reader, a *answer) (body []byte, err error) {
	switch c.Op {
	case opPackage:
		if c.Request == nil || c.Size != c.Request.File.Size {
			return nil, refuse("a call without its request, or with another size")
		}
		return s.Signer.SignPackage(ctx, *c.Request, in)
	case opRepomd:
		var raw bytes.Buffer
		if _, err := io.Copy(&raw, io.LimitReader(in, repomd.MaxRepomd+1)); err != nil {
			return nil, err
		}
		if int64(raw.Len()) != c.Size {
			return nil, refuse("repomd.xml: %d bytes of %d, at most %d", raw.Len(), c.Size, repomd.MaxRepomd)
		}
		return s.Signer.SignRepomd(ctx, c.Project, c.Chroot, c.Time, raw.Bytes())
	case opCreate:
		k, err := s.Signer.CreateKey(ctx, c.Project, c.Key)
		a.Keys = []Key{k}
		return nil, err
	case opRetire:
		return nil, s.Signer.RetireKey(ctx, c.Project, c.Fingerprint)
	case opKeys:
		a.Keys, err = s.Signer.Keys(ctx, c.Project)
		return nil, err
	case opPublic:
		return s.Signer.PublicKey(ctx, c.Project)
	}
	return nil, refuse("unknown call %q", c.Op)
}
