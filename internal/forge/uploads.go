package forge

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mirrorctl/copr"
	"mirrorctl/internal/durable"
)

// uploads keeps source packages that clients sent, until their builds have made them their own:
//
//	dir/RANDOM/criu-4.2.1-1.src.rpm    upload:RANDOM/SHA256/criu-4.2.1-1.src.rpm
//
// Builds name one by a URL of our own that tells what it must hold and not where it lies.
type uploads struct{ dir string }

const (
	uploadScheme = "upload:"
	// uploadRoom is what must stay free for the hub's own work.
	uploadRoom = 2 << 30
	// An upload whose build is not there yet is about to get one; one whose source package was not made is kept for retries.
	uploadGrace, uploadRetry = time.Hour, 7 * 24 * time.Hour
)

// Keep implements frontend.Uploads. A crash leaves a file that no build names, which sweep removes.
func (u uploads) Keep(_ context.Context, name string, r io.Reader) (_ string, err error) {
	room, err := durable.Free(u.dir)
	if err != nil {
		return "", err
	}
	if room.Bytes < uploadRoom {
		return "", fmt.Errorf("%w: the hub has no room for uploads", copr.ErrRefused)
	}
	id := rand.Text()
	dir := filepath.Join(u.dir, id)
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	sum := sha256.New()
	err = durable.Write(filepath.Join(dir, name), 0o600, func(w io.Writer) error {
		_, err := io.Copy(io.MultiWriter(w, sum), r)
		return err
	})
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return uploadScheme + id + "/" + hex.EncodeToString(sum.Sum(nil)) + "/" + name, nil
}

// locate turns the URL of an upload into that of its file, pinned by what was received; other sources are as they were.
func (u uploads) locate(s copr.Source) (copr.Source, error) {
	rest, ok := strings.CutPrefix(s.URL, uploadScheme)
	if !ok {
		return s, nil
	}
	parts := strings.Split(rest, "/")
	if len(parts) != 3 {
		return s, fmt.Errorf("%w: %q is no upload", copr.ErrRefused, s.URL)
	}
	name := filepath.Join(u.dir, parts[0], parts[2]) // the fetcher opens nothing outside
	if _, err := os.Stat(name); err != nil {
		return s, fmt.Errorf("%w: the upload of %s is not kept any more: send it again", copr.ErrRefused, parts[2])
	}
	return copr.Source{URL: (&url.URL{Scheme: "file", Path: name}).String(), SHA256: parts[1], Name: s.Name}, nil
}

// sweep removes uploads that no build needs: once the source package is made it lies elsewhere.
func (u uploads) sweep(builds []*copr.Build, now time.Time) error {
	needed := map[string]bool{}
	for _, b := range builds {
		if b.SRPM.IsZero() && len(b.Sources) == 1 && (b.Ended == nil || now.Sub(*b.Ended) < uploadRetry) {
			if rest, ok := strings.CutPrefix(b.Sources[0].URL, uploadScheme); ok {
				id, _, _ := strings.Cut(rest, "/")
				needed[id] = true
			}
		}
	}
	entries, err := os.ReadDir(u.dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && !needed[e.Name()] && now.Sub(info.ModTime()) > uploadGrace {
			err = os.RemoveAll(filepath.Join(u.dir, e.Name()))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
