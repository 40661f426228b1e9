package main

import (
	"context"
	"errors"

	"mirrorctl/archive"
	"mirrorctl/mirror"
)

// proven is an archived release that was read back.
type proven struct {
	Release  mirror.Release    `json:"release"`
	Manifest archive.Sum       `json:"manifest,omitzero"`
	Files    int64             `json:"files"`
	Bytes    int64             `json:"bytes"`
	Problems []archive.Problem `json:"problems,omitempty"`
}

// readBack reads an archived release and holds it against its manifest.
func (a *app) readBack(ctx context.Context, o archiveOptions, r mirror.Release) (_ *proven, err error) {
	d, err := a.openDesk(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	d.release = r
	return a.readDesk(ctx, d)
}

// readDesk is readBack of the desk's release.
func (a *app) readDesk(ctx context.Context, d *desk) (*proven, error) {
	stop := a.showProgress(d.progress, d.options.progress)
	proof, err := d.archiver.Verify(ctx, d.release)
	stop()
	p := &proven{Release: d.release}
	var differs *archive.VerifyError
	if errors.As(err, &differs) {
		p.Problems = differs.Faults
		for _, fault := range differs.Faults {
			a.say("%s: %s", d.release, fault)
		}
		return p, nil
	}
	if err != nil {
		return nil, a.interrupted(err, "")
	}
	p.Manifest, p.Files, p.Bytes = proof.Manifest(), proof.Files(), proof.Bytes()
	a.say("%s: the archive holds all %s, %s, read back and equal to manifest %s", d.release, count(p.Files, "file"), a.out.size(p.Bytes), p.Manifest)
	return p, nil
}

// verifyArchived is `archive --verify` of a release that is archived.
func (a *app) verifyArchived(ctx context.Context, d *desk) (any, error) {
	p, err := a.readDesk(ctx, d)
	switch {
	case err != nil:
		return nil, err
	case len(p.Problems) > 0:
		return p, errDiffers
	}
	return p, nil
}
