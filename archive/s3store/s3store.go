// Package s3store keeps an archive in a bucket of an S3 store: the key of a file is the
// configured prefix and the path that the file had in the root.
//
// It promises what archive.Store asks for with what S3 offers:
//
//   - An object is never replaced. Every write carries If-None-Match: * (a document's carries
//     If-Match), and before the first one the store is asked to refuse such a write: many that
//     call themselves S3 ignore the condition, and there every writer would win. See Probe.
//   - Nothing appears that the source did not vouch for: a source is read to its end and hashed
//     before the first byte is sent, and every body is signed with its SHA-256 and carries it in
//     x-amz-checksum-sha256, so that the store refuses what changed on the way.
//   - An answer that is lost is told from a rival's object by the write's own id in its metadata.
//   - Whatever a server may mend by itself (409, 429, 5xx, a lost connection) is tried again with
//     back-off, and then is an error whose Temporary says so.
//
// A symlink is an empty object whose metadata says where it leads. Directories are not kept, and
// every name of a hard-link group is an object of its own: the manifest knows better. There is no
// Hold either: nothing in S3 ends with the process that made it, so the epoch in the head
// document alone is the fence between operators.
//
//	prefix/free/fedora/…            the files
//	prefix/.mirrorctl/<release>/    documents: head, manifest, journal
//	prefix/.mirrorctl/uploads/<job>/ which large files a job has begun to send
//	prefix/.mirrorctl/probe/        what Probe writes
package s3store

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"mirrorctl/archive"
	"mirrorctl/mirror"
)

// Config says where the archive lies.
type Config struct {
	Endpoint    string // https://s3.example.org; http:// is meant for loopback and private networks
	Region      string // empty: us-east-1, which most servers other than Amazon's take
	Bucket      string // must exist
	Prefix      string // of all keys, without slashes at its ends; may be empty
	Credentials Credentials
	// PartSize is from which size on a file is sent in parts, and the size of one; 0: 64 MiB. S3
	// asks for 5 MiB at least.
	PartSize int64
}

const (
	defaultPart = 64 << 20
	minPart     = 5 << 20
	maxParts    = 10_000
)

// Store is an archive in a bucket. It is safe for concurrent use.
type Store struct {
	core   *minio.Core
	bucket string
	prefix string // with a slash at its end, or empty
	part   int64
	secret Credentials   // to keep out of errors
	wait   time.Duration // before a second attempt

	mu      sync.Mutex // guards trusted
	trusted bool       // the store was seen to refuse a second writer
}

var (
	_ archive.Store     = (*Store)(nil)
	_ archive.Documents = (*Store)(nil)
	_ archive.Undoer    = (*Store)(nil)
)

// Open makes a Store. It asks the server nothing.
func Open(c Config) (*Store, error) {
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		// Its text may hold a password that someone put there.
		return nil, fmt.Errorf("S3 endpoint: want https://host or http://host:port, without a path or a user")
	}
	if p, err := mirror.ParsePath(c.Prefix); err != nil || string(p) != c.Prefix || p.Reserved() {
		return nil, fmt.Errorf("S3 prefix %q: want a clean path without slashes at its ends", c.Prefix)
	}
	if c.PartSize == 0 {
		c.PartSize = defaultPart
	}
	switch {
	case c.Bucket == "" || strings.Contains(c.Bucket, "/"):
		return nil, fmt.Errorf("S3 bucket %q: want its name alone", c.Bucket)
	case c.PartSize < minPart:
		return nil, fmt.Errorf("S3 part size %d: want %d or more", c.PartSize, minPart)
	case !c.Credentials.whole():
		return nil, fmt.Errorf("S3 credentials for bucket %s: an access key and a secret key are needed", c.Bucket)
	}
	if c.Region == "" {
		c.Region = "us-east-1" // never asked for: one request and one permission less
	}
	core, err := minio.NewCore(u.Host, &minio.Options{
		Creds:  credentials.NewStaticV4(c.Credentials.AccessKey, c.Credentials.SecretKey, c.Credentials.SessionToken),
		Secure: u.Scheme == "https", Region: c.Region, Transport: transport(), BucketLookup: minio.BucketLookupAuto,
		MaxRetries: 1, // the library does not tell a second attempt from a first; try does
	})
	if err != nil {
		return nil, fmt.Errorf("S3 endpoint %s: %w", u.Host, err)
	}
	s := &Store{core: core, bucket: c.Bucket, part: c.PartSize, secret: c.Credentials, wait: firstWait}
	if c.Prefix != "" {
		s.prefix = c.Prefix + "/"
	}
	return s, nil
}

// key is where p lies in the bucket.
func (s *Store) key(p mirror.Path) string { return s.prefix + string(p) }

// path is what a key means, or false where no path can name it: a folder marker of some
// other tool, a name that no server would ever be asked for.
func (s *Store) path(key string) (mirror.Path, bool) {
	name, ok := strings.CutPrefix(key, s.prefix)
	if !ok {
		return "", false
	}
	p, err := mirror.ParsePath(name)
	return p, err == nil && p != "" && string(p) == name
}
