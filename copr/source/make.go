package source

import (
	"context"
	"io"

	"mirrorctl/copr"
)

// SRPMMaker makes source packages; the spec is not to be trusted.
type SRPMMaker interface {
	// MakeSRPM makes a source package of the file spec and the files in the directory sources, and leaves it in the
	// directory out. Epoch is SOURCE_DATE_EPOCH. The error says why the spec makes none.
	MakeSRPM(ctx context.Context, spec, sources, out string, epoch int64, log io.Writer) error
}

// Recipe is what a source package is made of.
type Recipe struct {
	Package string        // its name, which the source package must bear
	Version string        // upstream's
	Spec    string        // path of the spec
	Extra   []string      // paths of files that go beside it
	Sources []copr.Source // a single one that ends in .src.rpm is the source package
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
}

// Make makes the source package of r in the directory out, under the name that rpm gives it. What is there already and
// equal is left alone.
func (m *Maker) Make(ctx context.Context, r Recipe, out string) (Made, error) {
	panic("todo")
}
