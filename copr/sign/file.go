package sign

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"mirrorctl/copr"
	"mirrorctl/copr/sign/rpmsig"
	"mirrorctl/internal/durable"
)

// SignFile has the package from signed and writes it to to, durably; from stays as it is. It may be run again at any time and
// writes the same bytes. The result is the signed file.
func (c *Client) SignFile(ctx context.Context, r Request, from, to string) (copr.File, error) {
	f, err := os.Open(from)
	if err != nil {
		return copr.File{}, fmt.Errorf("sign: %w", err)
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() || st.Size() != r.File.Size {
		return copr.File{}, fmt.Errorf("sign %s: want a regular file of %d bytes", from, r.File.Size)
	}
	header, err := c.SignPackage(ctx, r, f)
	if err != nil {
		return copr.File{}, fmt.Errorf("sign %s: %w", from, err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return copr.File{}, fmt.Errorf("sign: %w", err)
	}
	out := &tee{h: sha256.New()}
	err = durable.Write(to, 0o644, func(w io.Writer) error { return splice(ctx, out, w, f, header, r.File.SHA256) })
	if err != nil {
		return copr.File{}, fmt.Errorf("sign %s: %w", from, err)
	}
	return copr.File{Name: filepath.Base(to), Size: out.n, SHA256: hex.EncodeToString(out.h.Sum(nil))}, nil
}

// splice writes the package with another signature header. The package is read for a second time, and must be the
// same: what reaches w otherwise is an error, and durable then leaves no file.
func splice(ctx context.Context, out *tee, w io.Writer, pkg io.Reader, header []byte, want string) error {
	in := &tee{r: &ctxReader{ctx, pkg}, h: sha256.New()}
	head, err := rpmsig.Read(in)
	if err != nil {
		return err
	}
	for _, part := range [][]byte{head.Lead, header, head.Main} {
		out.h.Write(part)
		out.n += int64(len(part))
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	n, err := io.Copy(io.MultiWriter(w, out.h), in)
	out.n += n
	if err == nil && hex.EncodeToString(in.h.Sum(nil)) != want {
		err = fmt.Errorf("the file changed while it was signed")
	}
	return err
}
