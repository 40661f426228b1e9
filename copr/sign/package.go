package sign

import (
	"bytes"
	"context"
	"crypto"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"regexp"
	"time"

	"mirrorctl/copr/provenance"
	"mirrorctl/copr/sign/rpmsig"
	"mirrorctl/internal/pgp"
	"mirrorctl/repomd/index"
)

// skew is how far another machine's clock may be ahead.
const skew = 10 * time.Minute

// SignPackage reads a package and returns the signature header to put in place of its own, padding included. A *Refusal says
// why the package is not signed.
func (s *Signer) SignPackage(ctx context.Context, r Request, pkg io.Reader) ([]byte, error) {
	how, err := s.admit(r)
	if err != nil {
		return nil, err
	}
	file := &tee{r: &ctxReader{ctx, io.LimitReader(pkg, r.File.Size+1)}, h: sha256.New()}
	head, err := rpmsig.Read(file)
	if err != nil {
		return nil, refuse("%s: %v", r.File.Name, err)
	}
	if err := checkHead(r, how, head); err != nil {
		return nil, err
	}

	// One pass over the payload feeds its own digest, the digest of header and payload, and the signature over both.
	payload, whole := sha256.New(), md5.New()
	content := io.TeeReader(io.MultiReader(bytes.NewReader(head.Main), io.TeeReader(file, payload)), whole)
	c := rpmsig.Content{RSA: how.key.Algorithm() == pgp.RSA}
	if how.legacy {
		c.Whole, err = how.key.Sign(content, how.hash, how.at)
	} else {
		_, err = io.Copy(io.Discard, content)
	}
	if err != nil {
		return nil, fmt.Errorf("read package %s: %w", r.File.Name, err)
	}
	if file.n != r.File.Size {
		return nil, refuse("%s has %d bytes or more; the request says %d", r.File.Name, file.n, r.File.Size)
	}
	if got := hex.EncodeToString(file.h.Sum(nil)); got != r.File.SHA256 {
		return nil, refuse("%s has sha256 %s; its provenance says %s", r.File.Name, got, r.File.SHA256)
	}
	switch got, want := hex.EncodeToString(payload.Sum(nil)), head.PayloadSHA256(); {
	case want == "" && !how.legacy:
		return nil, refuse("%s: the header has no SHA-256 of the payload, so that a signature would not cover it", r.File.Name)
	case want != "" && want != got:
		return nil, refuse("%s: the payload has sha256 %s, its header says %s", r.File.Name, got, want)
	}
	c.Size = file.n - head.Start()
	c.MD5 = whole.Sum(nil)
	sum1, sum256 := sha1.Sum(head.Main), sha256.Sum256(head.Main)
	c.SHA1, c.SHA256 = sum1[:], sum256[:]
	if c.Header, err = how.key.Sign(bytes.NewReader(head.Main), how.hash, how.at); err != nil {
		return nil, err
	}
	return head.Build(c)
}

// manner is how a request is signed.
type manner struct {
	key *member
	reads
	hash crypto.Hash
	at   time.Time
}

// admit judges all of a request that needs no look at the package.
func (s *Signer) admit(r Request) (*manner, error) {
	st, err := provenance.Parse(r.Statement)
	if err != nil {
		return nil, refuse("provenance: %v", err)
	}
	if err := st.Complete(); err != nil {
		return nil, refuse("provenance: %v", err)
	}
	x := st.Predicate.BuildDefinition.ExternalParameters
	switch digest := st.SHA256(r.File.Name); {
	case x.Project != r.Project:
		return nil, refuse("provenance is of project %s, the request of %s", x.Project, r.Project)
	case x.Chroot != r.Chroot:
		return nil, refuse("provenance is of chroot %s, the request of %s", x.Chroot, r.Chroot)
	case digest == "":
		return nil, refuse("provenance does not know %q", r.File.Name)
	case digest != r.File.SHA256:
		return nil, refuse("%s: provenance says sha256 %s, the request %s", r.File.Name, digest, r.File.SHA256)
	}
	m := &manner{reads: readsOf(r.Chroot)}
	if m.none {
		return nil, refuse("%s: its rpm reads no signature that is made here", r.Chroot)
	}
	if r.Hash == "" {
		r.Hash = "sha256"
	}
	if m.hash, err = pgp.Hash(r.Hash); err != nil {
		return nil, refuse("%v", err)
	}
	if r.Hash == "sha512" && !m.sha512 {
		return nil, refuse("%s: want a signature by RSA and SHA-256, not %s", r.Chroot, r.Hash)
	}
	if m.key, m.at, err = s.keyAt(r.Project, r.Time, m.algorithm); err != nil {
		return nil, err
	}
	return m, nil
}

// nevra has what rpm lets a name and a version have. It becomes the name of a file.
var nevra = regexp.MustCompile(`^[A-Za-z0-9_+][A-Za-z0-9_.+-]*-([0-9]+:)?[A-Za-z0-9_.+~^]+-[A-Za-z0-9_.+~^]+\.[a-z0-9_]+$`)

// checkHead holds the package against the request.
func checkHead(r Request, how *manner, head *rpmsig.Head) error {
	if head.Format() != 4 {
		return refuse("%s has format %d; want 4, which every target reads: define _rpmformat 4", r.File.Name, head.Format())
	}
	// ReadPackage asks nothing behind the header but that there is enough of it.
	p, err := index.ReadPackage(bytes.NewReader(head.Bytes()), r.File.Size)
	if err != nil {
		return refuse("%s: %v", r.File.Name, err)
	}
	if !nevra.MatchString(p.NEVRA()) {
		return refuse("%s: %q is no name of a package", r.File.Name, p.NEVRA())
	}
	if p.NEVRA() != r.NEVRA {
		return refuse("%s is %s by its header; the request says %s", r.File.Name, p.NEVRA(), r.NEVRA)
	}
	if name := p.Name + "-" + p.Version + "-" + p.Release + "." + p.Arch + ".rpm"; name != r.File.Name {
		return refuse("%s should be named %s", r.File.Name, name)
	}
	switch p.Arch {
	case r.Chroot.Arch, "noarch", "src":
		return nil
	}
	return refuse("%s is for %s, which does not belong to %s", r.File.Name, p.Arch, r.Chroot)
}

// tee counts and hashes what is read through it.
type tee struct {
	r io.Reader
	h hash.Hash
	n int64
}

func (t *tee) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.h.Write(p[:n])
	t.n += int64(n)
	return n, err
}

// ctxReader ends with its context.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *ctxReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
