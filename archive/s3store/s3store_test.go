package s3store_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"mirrorctl/archive"
	"mirrorctl/archive/archivetest"
	"mirrorctl/archive/s3store"
	"mirrorctl/test/s3"
)

var buckets atomic.Int32

// open opens a store in a new bucket, with the smallest parts that S3 allows.
func open(t testing.TB, server *s3.Server) *s3store.Store {
	t.Helper()
	return reopen(t, server, server.Bucket(fmt.Sprintf("bucket-%d", buckets.Add(1))))
}

func reopen(t testing.TB, server *s3.Server, bucket string) *s3store.Store {
	t.Helper()
	s, err := s3store.Open(config(server, bucket))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func config(server *s3.Server, bucket string) s3store.Config {
	return s3store.Config{
		Endpoint: server.Endpoint, Region: s3.Region, Bucket: bucket, Prefix: "mirror/archive", PartSize: 5 << 20,
		Credentials: s3store.Credentials{AccessKey: s3.AccessKey, SecretKey: s3.SecretKey},
	}
}

func TestStore(t *testing.T) {
	server := s3.Start(t)
	for _, prefix := range []string{"mirror/archive", ""} {
		t.Run("prefix "+prefix, func(t *testing.T) {
			archivetest.TestStore(t, func() archive.Store {
				c := config(server, server.Bucket(fmt.Sprintf("bucket-%d", buckets.Add(1))))
				c.Prefix = prefix
				s, err := s3store.Open(c)
				if err != nil {
					t.Fatal(err)
				}
				return s
			})
		})
	}
}

func TestProbe(t *testing.T) {
	server := s3.Start(t)
	found, err := open(t, server).Probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range found {
		t.Logf("%-75s %v %s", c.Name, c.Shown, c.Got)
		if !c.Shown {
			t.Errorf("%s: %s", c.Name, c.Got)
		}
	}
}
