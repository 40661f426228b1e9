package sign

import (
	"context"
	"io"
	"net"
	"time"

	"mirrorctl/copr"
)

// Options say how a Signer works.
type Options struct {
	// Name stands in the user id of new keys: "adrian/criu (Name)". Default "mirrorctl".
	Name string
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Signer holds the keys.
type Signer struct{ dir string }

// Open opens the directory of keys, or makes it. It must be the caller's own and closed to everyone else.
func Open(dir string, o Options) (*Signer, error) { return &Signer{dir: dir}, nil }

// CreateKey makes a key for the project, which signs from now on.
func (s *Signer) CreateKey(ctx context.Context, p copr.ProjectName, k NewKey) (Key, error) {
	return Key{}, nil
}

// RetireKey takes a key out of pubkey.gpg; it signs no more. The last one that is left cannot be retired.
func (s *Signer) RetireKey(ctx context.Context, p copr.ProjectName, fingerprint string) error {
	return nil
}

// Keys lists the project's keys, newest first; none where the project has none yet.
func (s *Signer) Keys(ctx context.Context, p copr.ProjectName) ([]Key, error) { return nil, nil }

// PublicKey is the content of the project's pubkey.gpg: every key that is not retired, newest first. The first call makes the
// project's first key.
func (s *Signer) PublicKey(ctx context.Context, p copr.ProjectName) ([]byte, error) { return nil, nil }

// SignPackage reads a package and returns the signature header to put in place of its own, padding included. A *Refusal says
// why the package is not signed.
func (s *Signer) SignPackage(ctx context.Context, r Request, pkg io.Reader) ([]byte, error) {
	return nil, nil
}

// SignRepomd returns the content of repomd.xml.asc.
func (s *Signer) SignRepomd(ctx context.Context, p copr.ProjectName, at time.Time, repomd []byte) ([]byte, error) {
	return nil, nil
}

// Server lets some users of this machine ask a Signer.
type Server struct {
	Signer *Signer
	Allow  []uint32 // uids, by the socket's peer credentials
}

// Serve answers until ctx ends, and then for as long as answers are under way.
func (s *Server) Serve(ctx context.Context, l *net.UnixListener) error { return nil }

// Listen makes the socket, 0660, in place of one that is left of a dead signer. gid owns it; -1 is the process's own.
func Listen(path string, gid int) (*net.UnixListener, error) { return nil, nil }
