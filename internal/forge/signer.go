package forge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"mirrorctl/copr"
	"mirrorctl/copr/provenance"
	"mirrorctl/copr/sign"
	"mirrorctl/internal/durable"
	"mirrorctl/repomd/index"
)

// signer has deliveries signed, and lets rpm itself judge what came of it.
type signer struct {
	client *sign.Client
	check  sign.Checker
	places places
}

// Sign implements hub.Signer.
func (s *signer) Sign(ctx context.Context, p copr.Project, b copr.Build, c copr.BuildChroot, in, out string) error {
	profile := p.Profiles[c.Chroot.Target()]
	statement := provenance.New(&b, &c, provenance.Facts{Spec: b.Spec, Profile: profile, Epoch: epoch(&b)})
	raw, err := json.Marshal(statement)
	if err != nil {
		return err
	}
	packages, err := packagesIn(in)
	if err != nil {
		return err
	}
	key, err := s.client.PublicKey(ctx, p.Name) // first: a project whose first build this is gets its key now
	if err != nil {
		return err
	}
	var signed []string
	var files []copr.File
	if provenance.Source(&b, &c) {
		packages = append(packages, filepath.Join(s.places.srpm(b.ID), b.SRPM.Name))
	}
	for _, from := range packages {
		to := filepath.Join(out, filepath.Base(from))
		file, err := s.sign(ctx, b, c, profile, raw, from, to)
		if err = refusal(err); errors.Is(err, copr.ErrRefused) && filepath.Base(from) == b.SRPM.Name && b.Spec.IsZero() {
			continue // a source package that was named in the order is its maker's, who may have written it for another rpm
		}
		if err != nil {
			return err
		}
		signed, files = append(signed, to), append(files, file)
	}
	if err := s.check.Check(ctx, key, signed...); err != nil {
		return fmt.Errorf("check what was signed: %w", err)
	}
	proofs := filepath.Join(out, "provenance")
	if err := os.Mkdir(proofs, 0o755); err != nil {
		return err
	}
	published := statement.Published(files)
	for _, f := range files {
		raw, err := json.MarshalIndent(published.Of(f.Name), "", "  ")
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(f.Name, ".rpm") + ".json"
		if err := durable.WriteFile(filepath.Join(proofs, name), append(raw, '\n'), 0o644); err != nil {
			return err
		}
	}
	return copyLogs(in, out)
}

// sign has one package signed.
func (s *signer) sign(ctx context.Context, b copr.Build, c copr.BuildChroot, profile copr.Profile, statement []byte, from, to string) (copr.File, error) {
	name := filepath.Base(from)
	var file copr.File
	for _, f := range append([]copr.File{b.SRPM}, c.Result.Files...) {
		if f.Name == name {
			file = f
		}
	}
	if file.IsZero() {
		return copr.File{}, fmt.Errorf("%w: %s was not announced by its builder", copr.ErrRefused, name)
	}
	pkg, err := index.ReadPackageFile(from)
	if err != nil {
		return copr.File{}, fmt.Errorf("%w: %s: %w", copr.ErrRefused, name, err)
	}
	return s.client.SignFile(ctx, sign.Request{
		Project: b.Project, Chroot: c.Chroot, NEVRA: pkg.NEVRA(), File: file, Hash: profile.Hash, Time: b.Submitted, Statement: statement,
	}, from, to)
}

// refusal turns the signer's word into the hub's.
func refusal(err error) error {
	var no *sign.Refusal
	if errors.As(err, &no) {
		return fmt.Errorf("%w: the signer refuses: %s", copr.ErrRefused, no.Reason)
	}
	return err
}

// copyLogs takes the logs of a delivery along.
func copyLogs(in, out string) error {
	logs, err := filepath.Glob(filepath.Join(in, "*.log*"))
	if err != nil {
		return err
	}
	for _, name := range logs {
		err := durable.Write(filepath.Join(out, filepath.Base(name)), 0o644, func(w io.Writer) error {
			f, err := os.Open(name)
			if err != nil {
				return err
			}
			_, err = io.Copy(w, f)
			return errors.Join(err, f.Close())
		})
		if err != nil {
			return err
		}
	}
	return nil
}
