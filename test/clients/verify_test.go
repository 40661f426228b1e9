package clients

import (
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mirrorctl/test/binary"
)

var gets = flag.Int("gets", 100_000, "verified GETs while a release is archived, killed, pruned and restored")

// truth is what every path of the root must answer, for ever.
type truth struct {
	path string
	size int64
	sum  [32]byte
}

func readTruth(t *testing.T, root string) []truth {
	t.Helper()
	var all []truth
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		body, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, name)
		all = append(all, truth{rel, int64(len(body)), sha256.Sum256(body)})
		return nil
	})
	if err != nil || len(all) < 100 {
		t.Fatalf("%d files: %v", len(all), err)
	}
	return all
}

// verifier asks for files and holds every body against the truth.
type verifier struct {
	base   string
	client http.Client
	files  []truth
	status [600]atomic.Int64
	wrong  atomic.Int64
	done   atomic.Int64
	first  sync.Once
	why    string
}

func (v *verifier) fail(format string, args ...any) {
	v.wrong.Add(1)
	v.first.Do(func() { v.why = fmt.Sprintf(format, args...) })
}

// RoundTrip counts every answer, those that are followed included.
func (v *verifier) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		v.status[res.StatusCode].Add(1)
	}
	return res, err
}

// get asks once: whole, in part, or with the ETag of what it should be.
func (v *verifier) get(ctx context.Context, f truth, how int) {
	u := v.base + (&url.URL{Path: f.path}).EscapedPath()
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	switch how {
	case 1:
		if f.size > 10 {
			req.Header.Set("Range", fmt.Sprintf("bytes=0-%d", f.size-1))
		}
	case 2:
		req.Header.Set("If-None-Match", fmt.Sprintf(`"%x"`, f.sum))
	}
	res, err := v.client.Do(req)
	if err != nil {
		if ctx.Err() == nil {
			v.fail("%s: %v", f.path, err)
		}
		return
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	switch {
	case err != nil && ctx.Err() != nil: // the test is over
		return
	case err != nil:
		v.fail("%s: %v", f.path, err)
	case res.StatusCode == http.StatusNotModified && how == 2:
	case res.StatusCode != http.StatusOK && res.StatusCode != http.StatusPartialContent:
		v.fail("%s: %s", f.path, res.Status)
	case sha256.Sum256(body) != f.sum:
		v.fail("%s: %d wrong bytes with %s", f.path, len(body), res.Status)
	}
	v.done.Add(1)
}

// No client ever gets a wrong byte or an error while a release moves and its mover dies.
func TestEveryBodyIsRight(t *testing.T) {
	s := binary.Demo(t)
	v := s.Serve(t)
	root := filepath.Join(s.Dir, "pub")
	c := &verifier{base: v.URL, files: readTruth(t, root)}
	c.client.Transport = c

	ctx, cancel := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	for i := range 8 {
		random := rand.New(rand.NewPCG(1, uint64(i)))
		workers.Go(func() {
			for ctx.Err() == nil {
				c.get(ctx, c.files[random.IntN(len(c.files))], random.IntN(4))
			}
		})
	}
	began := time.Now()
	rounds, kills := 0, 0
	for ; c.done.Load() < int64(*gets) || kills < 20; rounds++ {
		for killed := 0; killed < 10; killed++ {
			cmd := s.Command(ctx, "archive", "--yes", "--bwlimit", "8MiB", "--resume", "fedora-25")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(20+rand.IntN(200)) * time.Millisecond)
			cmd.Process.Kill()
			if err := cmd.Wait(); err != nil && strings.Contains(err.Error(), "killed") {
				kills++
			}
		}
		s.Must(t, "archive", "--yes", "--resume", "fedora-25")
		s.Must(t, "archive", "--yes", "--prune", "fedora-25")
		if _, err := os.Stat(filepath.Join(root, "free/fedora/releases/25/Everything/x86_64/os/repodata")); err == nil {
			t.Error("pruned, and still in the root")
		}
		s.Must(t, "restore", "--yes", "fedora-25")
		if c.wrong.Load() > 0 {
			break
		}
	}
	cancel()
	workers.Wait()
	for code := range c.status {
		switch n := c.status[code].Load(); {
		case n == 0:
		case code == 200 || code == 206 || code == 302 || code == 304:
			t.Logf("%d: %d", code, n)
		default:
			t.Errorf("%d: %d answers", code, n)
		}
	}
	fmt.Printf("figure: %d verified GETs in %.0f s over %d rounds, %d kills: %d wrong\n", c.done.Load(), time.Since(began).Seconds(), rounds, kills, c.wrong.Load())
	if c.wrong.Load() > 0 {
		t.Errorf("first: %s", c.why)
	}
}
