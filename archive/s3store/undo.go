package s3store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/minio/minio-go/v7"

	"mirrorctl/archive"
	"mirrorctl/mirror"
)

// Remove deletes an object; with versioning the older versions stay. There are no directories to
// remove. Keys that may not delete make it an error that wraps fs.ErrPermission.
func (s *Store) Remove(ctx context.Context, o archive.Object) error {
	if o.Type == archive.Dir || o.Path == "" {
		return nil
	}
	return s.remove(ctx, o.Path)
}

func (s *Store) remove(ctx context.Context, p mirror.Path) error {
	key := s.key(p)
	_, err := s.try(ctx, "delete", key, func() error {
		return s.core.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{})
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Sweep aborts the uploads that this job noted and did not finish. The job holds its release, so
// that whatever is open at the path of a note is its own.
func (s *Store) Sweep(ctx context.Context, job string, dirs []mirror.Path) error {
	for item, err := range s.keys(ctx, s.key(notesOf(job))+"/") {
		if err != nil {
			return err
		}
		name, ok := s.path(item.Key)
		if !ok {
			continue
		}
		data, _, err := s.Load(ctx, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return err
		}
		var n note
		if err := json.Unmarshal(data, &n); err != nil || notePath(job, n.Path) != name {
			return fmt.Errorf("sweep %s: not a note of job %s: %v", name, job, err)
		}
		if !slices.Contains(dirs, n.Path.Dir()) {
			continue
		}
		if err := s.abortAll(ctx, n.Path); err != nil {
			return err
		}
		if err := s.remove(ctx, name); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return nil
}

// abortAll aborts every upload that is open at p.
func (s *Store) abortAll(ctx context.Context, p mirror.Path) error {
	key, after, afterID := s.key(p), "", ""
	for {
		var page minio.ListMultipartUploadsResult
		_, err := s.try(ctx, "list uploads of", key, func() (err error) {
			page, err = s.core.ListMultipartUploads(ctx, s.bucket, key, after, afterID, "", 1000)
			return err
		})
		if err != nil {
			return err
		}
		for _, u := range page.Uploads {
			if u.Key != key { // a longer name
				continue
			}
			if err := s.abort(ctx, key, u.UploadID); err != nil {
				return err
			}
		}
		if !page.IsTruncated {
			return nil
		}
		if page.NextKeyMarker == after && page.NextUploadIDMarker == afterID {
			return fmt.Errorf("list uploads of %s: %w: a page that leads to itself", key, errAnswer)
		}
		after, afterID = page.NextKeyMarker, page.NextUploadIDMarker
	}
}
