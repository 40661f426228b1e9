package s3store

import (
	"context"
	"time"
)

// Hasty makes s try again at once, for campaigns.
func (s *Store) Hasty() *Store {
	s.wait = time.Millisecond
	return s
}

// Uploads counts the uploads that are open in the bucket.
func (s *Store) Uploads(ctx context.Context) (int, error) {
	page, err := s.core.ListMultipartUploads(ctx, s.bucket, "", "", "", "", 1000)
	return len(page.Uploads), err
}

// ParseCredentials and the metadata's forms are held by fuzzing.
var (
	ParseCredentials = parseCredentials
	FormatTime       = formatTime
	ParseTime        = parseTime
)
