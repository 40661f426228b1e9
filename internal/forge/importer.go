package forge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"mirrorctl/copr"
	"mirrorctl/copr/hub"
	"mirrorctl/copr/rpmbuild"
	"mirrorctl/copr/source"
	"mirrorctl/internal/config"
	"mirrorctl/internal/durable"
	"mirrorctl/internal/egress"
)

// importer makes the source packages of builds.
type importer struct {
	maker  source.Maker
	places places
}

func newImporter(cfg *config.Config, p places) (*importer, error) {
	pins, err := source.OpenPins(p.at("pins.json"))
	if err != nil {
		return nil, err
	}
	return &importer{source.Maker{
		Fetcher: &source.Fetcher{Client: egress.New(egress.Policy{AllowPrivate: cfg.Copr.AllowPrivate}), Allowed: files(cfg), Pins: pins},
		SRPM:    sandboxed{},
	}, p}, nil
}

// files are the directories below which declarations may name files.
func files(cfg *config.Config) []string {
	return append([]string{cfg.Copr.Projects}, cfg.Copr.Files...)
}

// Import implements hub.Importer.
func (i *importer) Import(ctx context.Context, p copr.Project, pkg copr.Package, b copr.Build) (hub.Imported, error) {
	out := i.places.at(filepath.Join("srpm", fmt.Sprint(b.ID)))
	if err := durable.MkdirAll(out, 0o755); err != nil {
		return hub.Imported{}, err
	}
	r := source.Recipe{Package: pkg.Name, Version: b.Version, Spec: pkg.Spec, Extra: pkg.Extra, Sources: pkg.Sources, Epoch: epoch(&b)}
	if len(b.Sources) > 0 { // the order named them
		r.Sources = b.Sources
	}
	made, err := i.maker.Make(ctx, r, out)
	if err != nil {
		return hub.Imported{}, err
	}
	got := hub.Imported{SRPM: made.File, EVR: made.EVR}
	for n, f := range made.Sources {
		got.Sources = append(got.Sources, copr.Source{URL: r.Sources[n].URL, SHA256: f.SHA256, Name: f.Name})
	}
	return got, nil
}

// sandboxed makes source packages with rpmbuild, which runs what stands in a spec.
type sandboxed struct{}

// MakeSRPM implements source.SRPMMaker.
func (sandboxed) MakeSRPM(ctx context.Context, spec, sources, out string, epoch int64, log io.Writer) error {
	names, err := os.ReadDir(sources)
	if err != nil {
		return err
	}
	s := rpmbuild.SRPM{Spec: spec, Epoch: epoch, Out: out, Log: log}
	for _, n := range names {
		s.Sources = append(s.Sources, filepath.Join(sources, n.Name()))
	}
	_, err = rpmbuild.MakeSRPM(ctx, s)
	var bad *rpmbuild.SpecError
	if errors.As(err, &bad) {
		return fmt.Errorf("%w: %s", hub.ErrRefused, bad)
	}
	return err
}
