package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"mirrorctl/archive"
	"mirrorctl/internal/demo"
	"mirrorctl/mirror"
)

// guide shows a demo site around: the main job, with what a client sees before and after.
type guide struct {
	*app
	site *demo.Site
}

// get asks once and follows nothing.
func (g *guide) get(ctx context.Context, url string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	client := http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return client.Do(req)
}

// toured is the release that the demo is about: it ended in 2017.
var toured = mirror.Release{Product: "fedora", Version: "25"}

// tour archives a release and shows what its clients are told.
func (g *guide) tour(ctx context.Context) error {
	release := toured
	d, err := g.openDesk(ctx, archiveOptions{yes: true, progress: "none", grace: -1})
	if err != nil {
		return err
	}
	defer d.Close()
	if d.view.State(release).FromArchive() { // a demo that was shown before
		if _, err := d.archiver.Restore(ctx, release); err != nil {
			return err
		}
		g.title("An earlier tour archived fedora-25: it is restored first")
	}

	g.title("Before: fedora-25 lies in the root, and its clients are sent there")
	if err := g.ask(ctx); err != nil {
		return err
	}
	before, err := g.metrics(ctx)
	if err != nil {
		return err
	}

	g.title("mirrorctl archive fedora-25")
	target, err := d.view.Target(release)
	if err != nil {
		return err
	}
	opts := archive.Options{EOL: d.view.EOL(release, time.Now())}
	plan, err := d.archiver.NewPlan(ctx, target, opts)
	if err != nil {
		return err
	}
	g.printPlan(g.stdout, d, plan)
	res, err := d.archiver.Run(ctx, plan)
	if err != nil {
		return err
	}
	fmt.Fprintf(g.stdout, "  %s: every file copied, read back and hashed; then the switch (job %s)\n", res.State, res.Job)

	g.title("After: the same questions end in the archive")
	if err := g.ask(ctx); err != nil {
		return err
	}
	after, err := g.metrics(ctx)
	if err != nil {
		return err
	}
	g.title("Metrics that moved")
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if after[name] != before[name] && told(name) {
			was := before[name]
			if was == "" {
				was = "0"
			}
			fmt.Fprintf(g.stdout, "  %s  %s → %s\n", name, was, after[name])
		}
	}
	return nil
}

// told picks what the tour shows of the metrics: who asked for the release, what became of them, and
// the switch itself. Sizes move from one label to another, which says nothing new.
func told(name string) bool {
	for _, family := range []string{"redirects_total{", "release_requests_total{", "release_info{", "state_document_generation"} {
		if rest, ok := strings.CutPrefix(name, "mirrorctl_"+family); ok {
			return rest == "" || strings.Contains(rest, `release="`+toured.String()+`"`)
		}
	}
	return false
}

func (g *guide) title(text string) { fmt.Fprintf(g.stdout, "\n── %s\n", text) }

// ask is what a client of fedora-25 asks, and what it is told.
func (g *guide) ask(ctx context.Context) error {
	list := "mirrorlist?repo=free-fedora-25&arch=x86_64"
	res, err := g.get(ctx, g.site.PublicURL+list)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	res.Body.Close()
	if err != nil {
		return err
	}
	fmt.Fprintf(g.stdout, "  GET /%s → %d\n", list, res.StatusCode)
	for line := range strings.Lines(string(body)) {
		fmt.Fprintf(g.stdout, "      %s\n", strings.TrimRight(line, "\n"))
	}
	file := "free/fedora/releases/25/Everything/x86_64/os/repodata/repomd.xml"
	res, err = g.get(ctx, g.site.PublicURL+file)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	fmt.Fprintf(g.stdout, "  GET /%s → %d\n", file, res.StatusCode)
	if to := res.Header.Get("Location"); to != "" {
		fmt.Fprintf(g.stdout, "      Location: %s\n", to)
	}
	return nil
}

// metrics reads the service's own.
func (g *guide) metrics(ctx context.Context) (map[string]string, error) {
	cfg, err := g.config()
	if err != nil {
		return nil, err
	}
	res, err := g.get(ctx, "http://"+localAddr(cfg.AdminListen)+"/metrics")
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	values := map[string]string{}
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if i := strings.LastIndexByte(lines.Text(), ' '); i > 0 && lines.Text()[0] != '#' {
			values[lines.Text()[:i]] = lines.Text()[i+1:]
		}
	}
	return values, lines.Err()
}
