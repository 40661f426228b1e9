package clients

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mirrorctl/test/binary"
	"mirrorctl/test/peer"
)

var republishes = flag.Int("republishes", 200, "how often the repository is published anew, half in place and half by rsync")

// refreshRepo does what a package manager's refresh does: repomd.xml, then every file it lists, each held
// against its checksum. An error is a refresh that a user would have seen fail.
func refreshRepo(c *http.Client, base string) error {
	get := func(name string) ([]byte, error) {
		res, err := c.Get(base + name)
		if err != nil {
			return nil, err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err == nil && res.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s: %s", name, res.Status)
		}
		return body, err
	}
	raw, err := get("repodata/repomd.xml")
	if err != nil {
		return err
	}
	var repomd struct {
		Data []struct {
			Checksum string `xml:"checksum"`
			Location struct {
				Href string `xml:"href,attr"`
			} `xml:"location"`
		} `xml:"data"`
	}
	if err := xml.Unmarshal(raw, &repomd); err != nil {
		return fmt.Errorf("repomd.xml: %w", err)
	}
	for _, d := range repomd.Data {
		body, err := get(d.Location.Href)
		if err != nil {
			return err
		}
		if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != d.Checksum {
			return fmt.Errorf("%s: checksum differs", d.Location.Href)
		}
	}
	return nil
}

// refreshers runs clients against one server until stop is closed.
type refreshers struct {
	done, failed atomic.Int64
	once         sync.Once
	first        error
	wg           sync.WaitGroup
}

func (r *refreshers) start(n int, base string, stop <-chan struct{}) {
	for range n {
		c := &http.Client{Transport: &http.Transport{}, Timeout: 20 * time.Second}
		r.wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := refreshRepo(c, base); err != nil {
					r.failed.Add(1)
					r.once.Do(func() { r.first = err })
				}
				r.done.Add(1)
				time.Sleep(2 * time.Millisecond) // two cores also have to publish
			}
		})
	}
}

// A repository is published anew under clients that refresh: in place by createrepo_c, and by rsync --delete.
func TestNoRefreshFailsWhileARepositoryIsPublished(t *testing.T) {
	for _, tool := range []string{"createrepo_c", "rsync"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIP: %s is missing; `make packages` installs it", tool)
		}
	}
	s := binary.Demo(t)
	dir := "free/fedora/updates/43/x86_64"
	live := filepath.Join(s.Dir, "pub", dir)
	run := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
	}
	run("createrepo_c", "-q", live)
	v := s.Serve(t)
	nginx := peer.StartNginx(t, filepath.Join(s.Dir, "pub"))

	stop := make(chan struct{})
	var ours, theirs refreshers
	ours.start(8, v.URL+dir+"/", stop)
	theirs.start(8, nginx.URL+dir+"/", stop)

	// rsync publishes from a staging copy whose content is another each time.
	staging := filepath.Join(t.TempDir(), "staging")
	run("rsync", "-a", live+"/", staging+"/")
	for i := range *republishes {
		if i%2 == 0 {
			run("createrepo_c", "-q", "--revision", fmt.Sprint(i), live)
		} else {
			run("createrepo_c", "-q", "--revision", fmt.Sprint(i), staging)
			run("rsync", "-a", "--checksum", "--delete", staging+"/", live+"/")
		}
		time.Sleep(50 * time.Millisecond)
	}
	// The newest is picked up, not only the old kept.
	want, err := os.ReadFile(filepath.Join(live, "repodata/repomd.xml"))
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(5 * time.Second); !bytes.Equal(fetch(t, v.URL+dir+"/repodata/repomd.xml"), want); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the last published generation is not served after 5 s")
		}
	}
	close(stop)
	ours.wg.Wait()
	theirs.wg.Wait()
	report := func(name string, r *refreshers) {
		fmt.Printf("figure: %s: %d refreshes during %d republishes, %d failed (%.2f %%)\n", name, r.done.Load(), *republishes, r.failed.Load(),
			100*float64(r.failed.Load())/float64(max(1, r.done.Load())))
	}
	report("mirrorctl", &ours)
	report("nginx", &theirs)
	if ours.failed.Load() > 0 {
		t.Errorf("first failure: %v", ours.first)
	}
	if ours.done.Load() < int64(*republishes) {
		t.Errorf("only %d refreshes: the clients were starved, this run says nothing", ours.done.Load())
	}
}
