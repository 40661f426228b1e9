package load

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"mirrorctl/copr"
	"mirrorctl/copr/console"
	"mirrorctl/copr/queue"
	"mirrorctl/test/coprsite"
)

// record is a build of four chroots as it is once it has ended, with what builders delivered.
func record() *copr.Build {
	now := time.Now().UTC()
	b := &copr.Build{
		Project: copr.ProjectName{Owner: "demo", Name: "tiny"}, Package: "tiny", Version: "1", EVR: "1-1", State: copr.Succeeded, Channel: copr.Testing,
		Submitter: "upstream", Submitted: now, Ended: &now, SRPM: copr.File{Name: "tiny-1-1.src.rpm", Size: 6000, SHA256: fmt.Sprintf("%064x", 1)},
	}
	result := copr.Result{Outcome: copr.Outcome{Root: "Debian 12"}, Builder: "one", Kind: "rpmbuild", Started: now, Ended: now, Took: time.Minute}
	for i := range 50 {
		result.Buildroot = append(result.Buildroot, fmt.Sprintf("library-%d-1.0-%d.x86_64", i, i))
	}
	for i := range 4 {
		result.Files = append(result.Files, copr.File{Name: fmt.Sprintf("tiny-%d-1-1.noarch.rpm", i), Size: 6000, SHA256: fmt.Sprintf("%064x", i)})
	}
	gate := copr.Report{Gate: "criu", Runner: "kernel", Arch: "x86_64", Host: "Linux"}
	for i := range 10 {
		gate.Checks = append(gate.Checks, copr.Check{Name: fmt.Sprintf("check-%d", i), Verdict: copr.Pass, Took: time.Second})
	}
	result.Gates = []copr.Report{gate}
	for _, arch := range copr.Arches {
		chroot, err := copr.ParseChroot("epel-9-" + arch)
		if err != nil {
			panic(err)
		}
		c := copr.BuildChroot{Chroot: chroot, State: copr.Succeeded, Attempt: 1, Builder: "one", Started: &now, Ended: &now}
		r := result
		c.Result = &r
		b.Chroots = append(b.Chroots, c)
	}
	return b
}

// Ten thousand records are listed by the running program: at /api_3 and at the operators' door.
func TestCoprList(t *testing.T) {
	coprsite.Needs(t)
	const n = 10_000
	s := coprsite.New(t, "  builders: 0\n")
	q, err := queue.Open(t.Context(), queue.Config{Dir: filepath.Join(s.Dir, "state/copr/queue")})
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		if err := q.Ledger().Create(t.Context(), record()); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	v := s.Serve(t)
	coprsite.Await(t, s)
	started := time.Since(began)
	client := console.Dial(filepath.Join(s.Dir, "state/copr/console.sock"))
	raw := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(s.Dir, "state/copr/console.sock"))
	}}}
	get := func(c *http.Client, url string) ([]byte, float64) {
		began := time.Now()
		res, err := c.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v", url, res.Status, err)
		}
		return body, ms(time.Since(began))
	}
	var api, socket, door []float64
	for range 21 {
		body, took := get(http.DefaultClient, v.URL+"api_3/build/list?limit=10000")
		api = append(api, took)
		var list struct{ Items []json.RawMessage }
		if err := json.Unmarshal(body, &list); err != nil || len(list.Items) != n {
			t.Fatalf("%d records, %v", len(list.Items), err)
		}
		_, took = get(&raw, "http://hub/builds?limit=10000")
		socket = append(socket, took)
		began := time.Now()
		all, err := client.Builds(t.Context(), copr.Query{Limit: n})
		door = append(door, ms(time.Since(began)))
		if err != nil || len(all) != n {
			t.Fatalf("%d records, %v", len(all), err)
		}
	}
	fmt.Printf("figure: %d builds listed: /api_3/build/list %v ms, console %v ms, with decoding %v ms; start %.2f s, memory %d MiB\n",
		n, spreadOf(api), spreadOf(socket), spreadOf(door), started.Seconds(), rss(v.Pid())>>20)
}

// What the hub itself costs a build: from the order to the end, less what the builder took.
func TestCoprOverhead(t *testing.T) {
	coprsite.Needs(t)
	s := coprsite.New(t, "")
	s.Serve(t)
	coprsite.Await(t, s)
	client := console.Dial(filepath.Join(s.Dir, "state/copr/console.sock"))
	rounds := 5
	if *peers {
		rounds = 30
	}
	s.Must(t, "copr", "build", "tiny") // makes the key and the repositories
	var whole, builder, hub []float64
	for range rounds {
		o, err := client.Submit(t.Context(), copr.Order{Project: copr.ProjectName{Owner: "demo", Name: "tiny"}, Package: "tiny"})
		if err != nil {
			t.Fatal(err)
		}
		var last copr.Build
		for b, err := range client.Watch(t.Context(), o.ID) {
			if err != nil {
				t.Fatal(err)
			}
			last = b
		}
		if last.State != copr.Succeeded {
			t.Fatalf("build %d: %s", last.ID, last.Chroots[0].Reason)
		}
		took, built := last.Ended.Sub(last.Submitted), last.Chroots[0].Result.Took
		whole, builder, hub = append(whole, ms(took)), append(builder, ms(built)), append(hub, ms(took-built))
	}
	fmt.Printf("figure: a build of one file, one chroot, built once: %v ms, of which the builder %v ms and the hub %v ms\n", spreadOf(whole), spreadOf(builder), spreadOf(hub))
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
