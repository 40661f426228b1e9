package load

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"mirrorctl/test/binary"
	"mirrorctl/test/peer"
)

var peers = flag.Bool("bench-peers", false, "the long form: more and longer rounds, 2 GB, 250,000 files")

// round is one run of wrk.
type round struct {
	rate, perCPU, p50, p99 float64 // requests a second, requests a CPU second of the server, milliseconds
}

var (
	wrkRate = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)
	wrkTail = regexp.MustCompile(`(50|99)%\s+([0-9.]+)(us|ms|s)`)
	wrkBad  = regexp.MustCompile(`Non-2xx or 3xx responses: \d+|Socket errors: .*`)
)

func wrk(t *testing.T, url string, pids []int, length time.Duration) round {
	t.Helper()
	before := cpu(pids)
	out, err := exec.Command("wrk", "-t", "1", "-c", "64", "-d", fmt.Sprintf("%.0fs", length.Seconds()), "--latency", url).Output()
	if err != nil {
		t.Fatalf("wrk: %v\n%s", err, out)
	}
	used := (cpu(pids) - before).Seconds()
	if bad := wrkBad.Find(out); bad != nil {
		t.Errorf("%s: %s", url, bad)
	}
	var r round
	r.rate, _ = strconv.ParseFloat(string(wrkRate.FindSubmatch(out)[1]), 64)
	r.perCPU = r.rate * length.Seconds() / max(used, 0.01)
	for _, m := range wrkTail.FindAllSubmatch(out, -1) {
		v, _ := strconv.ParseFloat(string(m[2]), 64)
		v *= map[string]float64{"us": 0.001, "ms": 1, "s": 1000}[string(m[3])]
		if string(m[1]) == "50" {
			r.p50 = v
		} else {
			r.p99 = v
		}
	}
	return r
}

// compare runs ours and the peer in turn and prints the ratios.
func compare(t *testing.T, name, ours string, ourPids []int, theirs string, theirPids []int) {
	rounds, length := 3, time.Second
	if *peers {
		rounds, length = 7, 4*time.Second
	}
	wrk(t, ours, ourPids, time.Second) // warm both
	wrk(t, theirs, theirPids, time.Second)
	var rate, perCPU, p50, p99, peer50, peer99, absolute, peerAbsolute []float64
	for range rounds {
		a, b := wrk(t, ours, ourPids, length), wrk(t, theirs, theirPids, length)
		rate, perCPU = append(rate, a.rate/b.rate), append(perCPU, a.perCPU/b.perCPU)
		absolute, peerAbsolute = append(absolute, a.rate), append(peerAbsolute, b.rate)
		p50, p99 = append(p50, a.p50), append(p99, a.p99)
		peer50, peer99 = append(peer50, b.p50), append(peer99, b.p99)
	}
	fmt.Printf("figure: %s, mirrorctl/nginx: rate %v, requests a CPU second %v; %.0f and %.0f a second; p50 %.2f and %.2f ms, p99 %.2f and %.2f ms; %d rounds\n",
		name, spreadOf(rate), spreadOf(perCPU), spreadOf(absolute).median, spreadOf(peerAbsolute).median,
		spreadOf(p50).median, spreadOf(peer50).median, spreadOf(p99).median, spreadOf(peer99).median, rounds)
}

func TestHTTPBesideNginx(t *testing.T) {
	if _, err := exec.LookPath("wrk"); err != nil {
		t.Skip("SKIP: wrk is missing; `make packages` installs it")
	}
	s := binary.Demo(t)
	s.Must(t, "archive", "--yes", "fedora-25")
	v := s.Serve(t)
	nginx := peer.StartNginx(t, filepath.Join(s.Dir, "pub"))
	ourPids := []int{v.Pid()}

	repomd := "free/fedora/releases/43/Everything/x86_64/os/repodata/repomd.xml"
	archived := "free/fedora/releases/25/Everything/x86_64/os/repodata/repomd.xml"
	compare(t, "302 of an archived file", v.URL+archived, ourPids, nginx.URL+"redirect/"+archived, nginx.Pids())
	compare(t, "hot repomd.xml", v.URL+repomd, ourPids, nginx.URL+repomd, nginx.Pids())

	lists := wrk(t, v.URL+"mirrorlist?repo=free-fedora-43&arch=x86_64", ourPids, time.Second)
	metalink := wrk(t, v.URL+"metalink?repo=free-fedora-43&arch=x86_64", ourPids, time.Second)
	fmt.Printf("figure: mirrorlist %.0f a second, metalink %.0f a second\n", lists.rate, metalink.rate)

	var bigs []string
	filepath.WalkDir(filepath.Join(s.Dir, "pub/free/fedora/releases/43"), func(p string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if st, err := d.Info(); err == nil && st.Size() > 500_000 {
				bigs = append(bigs, p)
			}
		}
		return nil
	})
	if len(bigs) > 0 {
		rel, _ := filepath.Rel(filepath.Join(s.Dir, "pub"), bigs[0])
		compare(t, "a package from disk", v.URL+rel, ourPids, nginx.URL+rel, nginx.Pids())
	}
	fmt.Printf("figure: memory after that: %d MiB\n", rss(v.Pid())>>20)
}
