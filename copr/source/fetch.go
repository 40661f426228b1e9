package source

import (
	"context"

	"mirrorctl/copr"
	"mirrorctl/internal/egress"
)

// Fetcher brings sources here.
type Fetcher struct {
	Client  *egress.Client
	Allowed []string // directories below which file URLs may name files
	Pins    *Pins    // what was seen first; nil records nothing
	Max     int64    // bytes of one file; 0 is 1 GiB
}

// Fetch brings the sources of a version into dir, each under its Name, and returns them in order. {version} in a URL or a
// name stands for version. A file that is there with the sha256 that is wanted is not fetched again.
func (f *Fetcher) Fetch(ctx context.Context, sources []copr.Source, version, dir string) ([]copr.File, error) {
	panic("todo")
}
