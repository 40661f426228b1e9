package source

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"mirrorctl/copr"
	"mirrorctl/internal/durable"
)

// SRPMMaker makes source packages. The spec is not to be trusted: reading one runs its %(…).
type SRPMMaker interface {
	// MakeSRPM makes a source package of the file spec and the files in the directory sources, and leaves it, alone, in the
	// directory out. Epoch is SOURCE_DATE_EPOCH, which is also its build time; equal input makes equal bytes, so its
	// _sourcedir and _topdir are always the same paths: rpm records the expanded spec, with "cd %{_builddir}" and the tarball's
	// name. The error says why the spec makes none.
	MakeSRPM(ctx context.Context, spec, sources, out string, epoch int64, log io.Writer) error
}

// Recipe is what a source package is made of.
type Recipe struct {
	Package string        // its name, which the source package must bear
	Version string        // upstream's, which the source package must bear, too
	Spec    string        // path of the spec
	Extra   []string      // paths of files that go beside it
	Sources []copr.Source // a single one that ends in .src.rpm is the source package, of whatever version
	Epoch   int64         // SOURCE_DATE_EPOCH, seconds
	Log     io.Writer     // of the making; nil for none
}

// Made is a source package.
type Made struct {
	File    copr.File
	EVR     string      // [epoch:]version-release
	Sources []copr.File // what was fetched for it, in the order of the recipe
}

// Maker makes source packages.
type Maker struct {
	Fetcher *Fetcher
	SRPM    SRPMMaker
	Temp    string // where it works; the same file system as the outputs. Default: the output's directory
}

// Make makes the source package of r in the directory out, under the name that rpm gives it, and replaces one that is there.
// An error that wraps copr.ErrRefused is the recipe's or its sources'. Killed at any point, it leaves the old one or the new, and a working directory that durable.IsTemp knows.
func (m *Maker) Make(ctx context.Context, r Recipe, out string) (Made, error) {
	if r.Log == nil {
		r.Log = io.Discard
	}
	temp := m.Temp
	if temp == "" {
		temp = out
	}
	work, err := os.MkdirTemp(temp, durable.TempPrefix+"srpm-")
	if err != nil {
		return Made{}, err
	}
	defer os.RemoveAll(work)
	made, err := m.make(ctx, r, work, out)
	if err != nil {
		return Made{}, fmt.Errorf("source package of %s %s: %w", r.Package, r.Version, judged(err))
	}
	return made, nil
}

func (m *Maker) make(ctx context.Context, r Recipe, work, out string) (made Made, err error) {
	sources, output := filepath.Join(work, "sources"), filepath.Join(work, "out")
	for _, dir := range []string{sources, output} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return made, err
		}
	}
	if made.Sources, err = m.Fetcher.Fetch(ctx, r.Sources, r.Version, sources); err != nil {
		return made, err
	}
	if len(made.Sources) == 1 && strings.HasSuffix(made.Sources[0].Name, ".src.rpm") {
		// The version is the package's own.
		made.File, made.EVR, err = deliver(sources, out, r.Package, "")
		return made, err
	}
	spec, err := layOut(r, sources)
	if err != nil {
		return made, err
	}
	if err := m.SRPM.MakeSRPM(ctx, spec, sources, output, r.Epoch, r.Log); err != nil {
		return made, err
	}
	made.File, made.EVR, err = deliver(output, out, r.Package, r.Version)
	return made, err
}
