package s3store

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"

	"mirrorctl/archive"
	"mirrorctl/mirror"
)

// createInParts sends c part by part. The object appears when the last request is done, and with
// the condition that nothing is there. An upload that never comes so far costs room and shows in
// no listing: a note says that it was begun before it is, so that Sweep finds it after a crash.
func (s *Store) createInParts(ctx context.Context, job string, p mirror.Path, m meta, c *content) error {
	key, note := s.key(p), notePath(job, p)
	first, err := s.writeNote(ctx, note, p)
	if err != nil {
		return err
	}
	var id string
	begun, err := s.try(ctx, "begin upload of", key, func() (err error) {
		opts := minio.PutObjectOptions{UserMetadata: m.headers()}
		opts.UserMetadata["x-amz-checksum-algorithm"] = "SHA256"
		id, err = s.core.NewMultipartUpload(ctx, s.bucket, key, opts)
		return err
	})
	if err != nil {
		return err
	}
	if err := s.sendParts(ctx, p, id, m, c); err != nil {
		// Also when ctx has ended: what is left open is paid for until someone looks.
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		_ = s.abort(late, key, id) // Sweep does what fails here
		return err
	}
	if first && begun == 1 {
		// Where an upload was begun before, by a Put that failed or a request whose answer was lost, it
		// may be open still: the note stays for Sweep. One that may not be deleted only costs Sweep a question.
		_ = s.remove(ctx, note)
	}
	return nil
}

func (s *Store) sendParts(ctx context.Context, p mirror.Path, id string, m meta, c *content) error {
	key := s.key(p)
	done := make([]minio.CompletePart, len(c.parts))
	for i, sum := range c.parts {
		check := base64.StdEncoding.EncodeToString(sum[:])
		_, err := s.try(ctx, "send part of", key, func() error {
			body := c.body(i)
			part, err := s.core.PutObjectPart(ctx, s.bucket, key, id, i+1, body, body.Size(), minio.PutObjectPartOptions{
				Sha256Hex: archive.Sum(sum).String(), CustomHeader: http.Header{"X-Amz-Checksum-Sha256": {check}}, DisableContentSha256: true,
			})
			done[i] = minio.CompletePart{PartNumber: i + 1, ETag: part.ETag, ChecksumSHA256: check}
			return err
		})
		if err != nil {
			return err
		}
	}
	sent, err := s.try(ctx, "complete", key, func() error {
		var opts minio.PutObjectOptions
		opts.SetMatchETagExcept("*")
		_, err := s.core.CompleteMultipartUpload(ctx, s.bucket, key, id, done, opts)
		return err
	})
	var e *Error
	if errors.Is(err, fs.ErrExist) || errors.As(err, &e) && e.Code == minio.NoSuchUpload && sent > 1 {
		return s.mine(ctx, p, m, err)
	}
	return err
}

// abort forgets an upload. That there is none is no error.
func (s *Store) abort(ctx context.Context, key, id string) error {
	_, err := s.try(ctx, "abort upload of", key, func() error {
		return s.core.AbortMultipartUpload(ctx, s.bucket, key, id)
	})
	var e *Error
	if errors.As(err, &e) && e.Status == http.StatusNotFound {
		return nil
	}
	return err
}

// note says that a job has begun to send a file in parts.
type note struct {
	Path mirror.Path `json:"path"`
}

func notesOf(job string) mirror.Path { return mirror.Path(".mirrorctl/uploads/" + job) }

// notePath is one file's note: named by a hash, for a key that is not too long.
func notePath(job string, p mirror.Path) mirror.Path {
	return notesOf(job).Join(mirror.Path(hashName(string(p)) + ".json"))
}

// writeNote reports whether there was none: no Put of this job has tried p before.
func (s *Store) writeNote(ctx context.Context, name, p mirror.Path) (first bool, err error) {
	data, err := json.Marshal(note{p})
	if err != nil {
		return false, err
	}
	_, err = s.write(ctx, name, data, newMeta(""), absent)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	return err == nil, err
}
