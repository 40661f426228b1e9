package s3store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"
)

// Error is what a store answered, or that it did not. It is one line that names bucket and key,
// and holds nothing of the credentials, whatever the server made of them.
type Error struct {
	Op     string // put, get, …
	Bucket string
	Key    string
	Status int    // of HTTP; 0 where no answer came
	Code   string // of S3
	Err    error  // the rest
}

func (e *Error) Error() string {
	where := "s3://" + e.Bucket
	if e.Key != "" {
		where += "/" + e.Key
	}
	if e.Status == 0 {
		return fmt.Sprintf("%s %s: %v", e.Op, where, e.Err)
	}
	return fmt.Sprintf("%s %s: %d %s: %v", e.Op, where, e.Status, e.Code, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Is tells absence, presence and want of permission in the words of fs.
func (e *Error) Is(target error) bool {
	switch target {
	case fs.ErrNotExist:
		return e.Status == http.StatusNotFound && e.Code == minio.NoSuchKey
	case fs.ErrExist:
		return e.taken()
	case fs.ErrPermission:
		return e.Status == http.StatusForbidden || e.Status == http.StatusUnauthorized
	}
	return false
}

// taken reports whether a condition did not hold.
func (e *Error) taken() bool { return e.Status == http.StatusPreconditionFailed }

// Temporary reports whether the same request may do better later.
func (e *Error) Temporary() bool {
	switch e.Status {
	case 0: // no answer, or one that broke off
		for _, final := range []error{context.Canceled, context.DeadlineExceeded, errAnswer, fs.ErrNotExist} {
			if errors.Is(e.Err, final) {
				return false
			}
		}
		return true
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	switch e.Code {
	case "RequestTimeout", "SlowDown", "OperationAborted", "ConditionalRequestConflict",
		"BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "IncompleteBody": // bent on the way
		return true
	}
	return false
}

// errAnswer marks what a store said that makes no sense.
var errAnswer = errors.New("unexpected answer")

const maxMessage = 200 // bytes of a server's own words in an error

// fail translates an error of the library; nil stays nil.
func (s *Store) fail(op, key string, err error) error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return err // translated where it came up
	}
	e = &Error{Op: op, Bucket: s.bucket, Key: key}
	var answer minio.ErrorResponse
	var lost *url.Error
	switch {
	case errors.As(err, &answer) && answer.StatusCode != 0:
		e.Status, e.Code, e.Err = answer.StatusCode, s.clean(answer.Code), errors.New(s.clean(answer.Message))
	case errors.As(err, &lost):
		e.Err = lost.Err // without the URL, which says where in a way of its own
	default:
		e.Err = err
	}
	return e
}

// clean makes a server's words fit for a log: one line, not long, without our credentials.
func (s *Store) clean(text string) string {
	for _, secret := range []string{s.secret.SecretKey, s.secret.SessionToken, s.secret.AccessKey} {
		if len(secret) >= 4 { // less is in every text
			text = strings.ReplaceAll(text, secret, "[credential]")
		}
	}
	text = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return ' '
		}
		return r
	}, text)
	if len(text) > maxMessage {
		text = text[:maxMessage] + "…"
	}
	return strings.ToValidUTF8(text, "?")
}
