package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"mirrorctl/copr"
	"mirrorctl/internal/durable"
	"mirrorctl/internal/egress"
)

// Fetcher brings sources here.
type Fetcher struct {
	Client  *egress.Client
	Allowed []string // directories below which file URLs may name files
	Pins    *Pins    // what was seen first; nil records nothing
	Max     int64    // bytes of one file; 0 is 1 GiB
}

// ErrChecksum is under the error of a source that is not what was declared or seen before.
var ErrChecksum = errors.New("checksum differs")

// Fetch brings the sources of a version into dir, each under its name, and returns them in order. {version} in a URL or a
// name stands for version. A file that is there with the sha256 that is wanted is not fetched again.
func (f *Fetcher) Fetch(ctx context.Context, sources []copr.Source, version, dir string) ([]copr.File, error) {
	files := make([]copr.File, 0, len(sources))
	taken := map[string]bool{}
	for _, s := range sources {
		l, err := locate(s, version)
		if err != nil {
			return nil, fmt.Errorf("%w: source %q: %w", copr.ErrRefused, s.URL, err)
		}
		if taken[l.name] {
			return nil, fmt.Errorf("%w: source %q: two sources are named %q; give one of them a name", copr.ErrRefused, s.URL, l.name)
		}
		taken[l.name] = true
		file, err := f.one(ctx, l, s.SHA256, dir)
		if err != nil {
			return nil, fmt.Errorf("fetch %s: %w", l.url.Redacted(), err)
		}
		files = append(files, file)
	}
	return files, nil
}

func (f *Fetcher) one(ctx context.Context, l location, want, dir string) (copr.File, error) {
	pinned := want != ""
	if !pinned && f.Pins != nil {
		want = f.Pins.Of(l.url.String())
	}
	want = strings.ToLower(want)
	if want != "" {
		if have, err := digest(dir, l.name); err == nil && have.SHA256 == want {
			return have, nil
		}
	}
	file := copr.File{Name: l.name}
	// The check is inside Write: under the final name there is what was wanted, or nothing.
	err := durable.Write(filepath.Join(dir, l.name), 0o644, func(w io.Writer) error {
		sum := sha256.New()
		n, err := f.copy(ctx, l, io.MultiWriter(w, sum))
		if err != nil {
			return err
		}
		file.Size, file.SHA256 = n, hex.EncodeToString(sum.Sum(nil))
		if want != "" && file.SHA256 != want {
			return fmt.Errorf("%w: sha256 is %s, want %s; look at what upstream changed before you declare the new one",
				ErrChecksum, file.SHA256, want)
		}
		return nil
	})
	if err != nil {
		return copr.File{}, err
	}
	if !pinned && f.Pins != nil {
		if err := f.Pins.Pin(l.url.String(), file.SHA256); err != nil {
			return copr.File{}, err
		}
	}
	return file, nil
}

func (f *Fetcher) max() int64 {
	if f.Max > 0 {
		return f.Max
	}
	return 1 << 30
}

// digest reads back a file of an earlier fetch.
func digest(dir, name string) (copr.File, error) {
	r, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return copr.File{}, err
	}
	defer r.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, r)
	return copr.File{Name: name, Size: n, SHA256: hex.EncodeToString(sum.Sum(nil))}, err
}
