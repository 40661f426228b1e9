package index

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"mirrorctl/repomd"
)

// list names the packages below dir, slash-separated, sorted by their last element: the order of the metadata.
func list(dir string, exclude []string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		skip := excluded(rel, exclude)
		switch {
		case d.IsDir():
			if skip || rel == "repodata" || strings.HasPrefix(d.Name(), ".") { // dots: temporary, rsync's, ours
				return fs.SkipDir
			}
		case !skip && strings.HasSuffix(rel, ".rpm") && !strings.HasPrefix(d.Name(), "."):
			names = append(names, rel)
		}
		return nil
	})
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(path.Base(a), path.Base(b)), cmp.Compare(a, b)) })
	return names, err
}

func excluded(rel string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, _ := path.Match(p, rel) // a bad pattern was refused with the options
		return ok
	})
}

// readAll reads the named packages, several at a time, in order.
func readAll(ctx context.Context, dir string, names []string, o *Options) ([]*record, error) {
	records := make([]*record, len(names))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(o.Workers)
	for i, name := range names {
		g.Go(func() (err error) {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("index %s: %w", dir, err)
			}
			if records[i], err = o.Known.read(dir, name, o.Checksum); err != nil {
				return fmt.Errorf("read package %s: %w", filepath.Join(dir, filepath.FromSlash(name)), err)
			}
			return nil
		})
	}
	return records, g.Wait()
}

// look is what is asked of a package before it is opened: opening a FIFO would wait for its writer.
func look(name string) (fs.FileInfo, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, bare(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	return info, nil
}

func read(name, location, checksum string, before fs.FileInfo) (*record, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, bare(err)
	}
	defer f.Close()
	p, err := ReadPackage(f, before.Size())
	if err != nil {
		return nil, err
	}
	h, err := repomd.NewHash(checksum)
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(h, f); err != nil {
		return nil, bare(err)
	}
	after, err := f.Stat()
	if err != nil {
		return nil, bare(err)
	}
	if after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		return nil, errors.New("changed while it was read")
	}
	return &record{
		Package:  p,
		location: location,
		checksum: repomd.SumOf(checksum, h),
		fileTime: before.ModTime().Unix(),
	}, nil
}

// bare drops the path of an error whose caller names the file.
func bare(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
