package source

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"mirrorctl/internal/egress"
)

// copy writes what l names to w.
func (f *Fetcher) copy(ctx context.Context, l location, w io.Writer) (int64, error) {
	r, err := f.open(ctx, l)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	n, err := io.Copy(w, r)
	if err != nil {
		return n, fmt.Errorf("after %d bytes: %w", n, err)
	}
	return n, nil
}

func (f *Fetcher) open(ctx context.Context, l location) (io.ReadCloser, error) {
	if l.url.Scheme == "file" {
		return f.openFile(l.url.Path)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.url.String(), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", "mirrorctl")
	resp, err := f.Client.Do(r, f.max())
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		if c := resp.StatusCode; c >= 400 && c < 500 && c != http.StatusRequestTimeout && c != http.StatusTooManyRequests {
			return nil, faultf("the server says %s", resp.Status)
		}
		return nil, fmt.Errorf("the server says %s", resp.Status)
	}
	return resp.Body, nil
}

// openFile opens name below one of the allowed directories. os.Root keeps links from leading out of it, and a pipe that
// nobody writes into must not hold us.
func (f *Fetcher) openFile(name string) (io.ReadCloser, error) {
	for _, dir := range f.Allowed {
		rel, err := filepath.Rel(dir, name)
		if err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
			continue
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			return nil, err
		}
		defer root.Close()
		file, err := root.OpenFile(rel, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			return nil, err
		}
		info, err := file.Stat()
		switch {
		case err != nil:
		case !info.Mode().IsRegular():
			err = fmt.Errorf("is no regular file: %w", fs.ErrInvalid)
		case info.Size() > f.max():
			err = fmt.Errorf("has %d bytes: %w (%d)", info.Size(), egress.ErrTooLarge, f.max())
		default:
			return capped{io.LimitReader(file, info.Size()), file}, nil
		}
		file.Close()
		return nil, err
	}
	return nil, fmt.Errorf("file %q lies below none of the directories that sources may come from: %w", name, fs.ErrPermission)
}

// capped reads a file up to the size it had when it was opened.
type capped struct {
	io.Reader
	io.Closer
}
