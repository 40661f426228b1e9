package forge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

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
	maker   source.Maker
	places  places
	uploads uploads
}

func newImporter(cfg *config.Config, p places) (*importer, error) {
	pins, err := source.OpenPins(p.at("pins.json"))
	if err != nil {
		return nil, err
	}
	return &importer{source.Maker{
		Fetcher: &source.Fetcher{Client: egress.New(egress.Policy{AllowPrivate: cfg.Copr.AllowPrivate}), Allowed: append(files(cfg), p.uploads().dir), Pins: pins},
		SRPM:    rpmbuild.Maker{Macros: forEveryRPM},
	}, p, p.uploads()}, nil
}

// forEveryRPM makes source packages that the rpm of every target reads, whatever rpm is here.
var forEveryRPM = map[string]string{"_rpmformat": "4", "_source_payload": "w9.gzdio", "_source_filedigest_algorithm": "8"}

// files are the directories below which declarations may name files.
func files(cfg *config.Config) []string {
	return append([]string{cfg.Copr.Projects}, cfg.Copr.Files...)
}

// Import implements hub.Importer.
func (i *importer) Import(ctx context.Context, p copr.Project, pkg copr.Package, b copr.Build) (hub.Imported, error) {
	out := i.places.srpm(b.ID)
	if err := durable.MkdirAll(out, 0o755); err != nil {
		return hub.Imported{}, err
	}
	r := source.Recipe{Package: pkg.Name, Version: b.Version, Spec: pkg.Spec, Extra: pkg.Extra, Sources: sources(pkg, b.Version), Epoch: epoch(&b)}
	// An order may name a source package, which holds its own spec.
	named := len(b.Sources) == 1 && strings.HasSuffix(b.Sources[0].URL, ".src.rpm")
	if named {
		from, err := i.uploads.locate(b.Sources[0])
		if err != nil {
			return hub.Imported{}, err
		}
		r.Sources = []copr.Source{from}
	}
	made, err := i.maker.Make(ctx, r, out)
	var bad *rpmbuild.SpecError
	if errors.As(err, &bad) {
		err = fmt.Errorf("%w: %w", copr.ErrRefused, err)
	}
	if err != nil {
		return hub.Imported{}, err
	}
	got := hub.Imported{SRPM: made.File, EVR: made.EVR}
	if !named {
		if got.Spec, err = hashed(pkg.Spec); err != nil {
			return hub.Imported{}, err
		}
	}
	if got.Names, err = names(ctx, p, b, filepath.Join(out, made.File.Name)); err != nil {
		return hub.Imported{}, err
	}
	from := r.Sources
	if named {
		from = b.Sources // where an upload lies is nobody's business
	}
	for n, f := range made.Sources {
		got.Sources = append(got.Sources, copr.Source{URL: from[n].URL, SHA256: f.SHA256, Name: f.Name})
	}
	return got, nil
}

// names lists the binary packages that a source package declares for any of a build's chroots. A chroot for which the spec
// cannot be read adds none: its build says why. One that can be read for no chroot is the build's own fault.
func names(ctx context.Context, p copr.Project, b copr.Build, srpm string) ([]string, error) {
	var all []string
	var bad *rpmbuild.SpecError
	for _, c := range b.Chroots {
		if c.State == copr.Skipped {
			continue
		}
		some, err := rpmbuild.Maker{}.Names(ctx, srpm, c.Chroot, p.Profiles[c.Chroot.Target()].Macros)
		if err != nil && !errors.As(err, &bad) {
			return nil, err
		}
		all = append(all, some...)
	}
	if len(all) == 0 && bad != nil {
		return nil, fmt.Errorf("%w: names of the packages: %w", copr.ErrRefused, bad)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// sources are those of a version. The sums that are declared are those of the declared version; of any other, a source that
// moves with the version is pinned on first sight.
func sources(pkg copr.Package, version string) []copr.Source {
	all := slices.Clone(pkg.Sources)
	for i := range all {
		if version != pkg.Version && strings.Contains(all[i].URL, "{version}") {
			all[i].SHA256 = ""
		}
	}
	return all
}

// hashed is a file by its content.
func hashed(name string) (copr.File, error) {
	f, err := os.Open(name)
	if err != nil {
		return copr.File{}, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return copr.File{Name: filepath.Base(name), Size: n, SHA256: hex.EncodeToString(h.Sum(nil))}, err
}
