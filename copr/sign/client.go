package sign

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"mirrorctl/copr"
	"mirrorctl/internal/socket"
)

// Client asks the signer behind a socket. Its methods are those of Signer.
type Client struct{ Socket string }

// CreateKey is Signer.CreateKey.
func (c *Client) CreateKey(ctx context.Context, p copr.ProjectName, k NewKey) (Key, error) {
	a, _, err := c.call(ctx, call{Op: opCreate, Project: p, Key: k}, nil)
	if err == nil && len(a.Keys) != 1 {
		err = errors.New("the signer named no key")
	}
	if err != nil {
		return Key{}, err
	}
	return a.Keys[0], nil
}

// RetireKey is Signer.RetireKey.
func (c *Client) RetireKey(ctx context.Context, p copr.ProjectName, fingerprint string) error {
	_, _, err := c.call(ctx, call{Op: opRetire, Project: p, Fingerprint: fingerprint}, nil)
	return err
}

// Keys is Signer.Keys.
func (c *Client) Keys(ctx context.Context, p copr.ProjectName) ([]Key, error) {
	a, _, err := c.call(ctx, call{Op: opKeys, Project: p}, nil)
	if err != nil {
		return nil, err
	}
	return a.Keys, nil
}

// Up reports why no signer answers; nil where one does, whatever it says.
func (c *Client) Up(ctx context.Context) error {
	_, err := c.Keys(ctx, copr.ProjectName{Owner: "is", Name: "up"})
	var refused *Refusal
	if errors.As(err, &refused) {
		return nil
	}
	return err
}

// PublicKey is Signer.PublicKey.
func (c *Client) PublicKey(ctx context.Context, p copr.ProjectName) ([]byte, error) {
	_, body, err := c.call(ctx, call{Op: opPublic, Project: p}, nil)
	return body, err
}

// SignRepomd is Signer.SignRepomd.
func (c *Client) SignRepomd(ctx context.Context, p copr.ProjectName, chroot copr.Chroot, at time.Time, repomd []byte) ([]byte, error) {
	_, body, err := c.call(ctx, call{Op: opRepomd, Project: p, Chroot: chroot, Time: at, Size: int64(len(repomd))}, bytes.NewReader(repomd))
	return body, err
}

// SignPackage is Signer.SignPackage.
func (c *Client) SignPackage(ctx context.Context, r Request, pkg io.Reader) ([]byte, error) {
	_, body, err := c.call(ctx, call{Op: opPackage, Request: &r, Size: r.File.Size}, pkg)
	return body, err
}

// call asks and waits for the answer. A signer that refuses early leaves the body half taken: then its answer counts, not the
// error of the write.
func (c *Client) call(ctx context.Context, what call, body io.Reader) (*answer, []byte, error) {
	conn, err := socket.Dial(ctx, c.Socket)
	if err != nil {
		return nil, nil, fmt.Errorf("ask the signer: %w: is `mirrorctl copr signer` running?", err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	sent := writeFrame(conn, &what)
	if sent == nil && body != nil {
		_, sent = io.CopyN(conn, body, what.Size)
	}
	var a answer
	var reply []byte
	got := readFrame(conn, &a)
	if got == nil {
		reply, got = readReply(conn, a.Size)
	}
	if got == nil {
		if err := a.err(); err != nil {
			return nil, nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, fmt.Errorf("ask the signer: %w", err)
	}
	if err := errors.Join(sent, got); err != nil {
		return nil, nil, fmt.Errorf("ask the signer: %w", err)
	}
	return &a, reply, nil
}
