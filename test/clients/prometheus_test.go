package clients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrorctl/test/binary"
)

func fetch(t *testing.T, url string) []byte {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, res.Status, err)
	}
	return body
}

func TestPrometheusScrapesIt(t *testing.T) {
	for _, tool := range []string{"prometheus", "promtool"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIP: %s is missing; `make packages` installs it", tool)
		}
	}
	s := binary.Demo(t)
	v := s.Serve(t)
	for _, target := range []string{"mirrorlist?repo=free-fedora-43&arch=x86_64", "metalink?repo=free-fedora-25&arch=x86_64", "free/fedora/releases/43/Everything/x86_64/os/repodata/repomd.xml"} {
		fetch(t, v.URL+target)
	}

	metrics := fetch(t, v.Admin+"metrics")
	if bytes.Contains(metrics, []byte("vmrange")) {
		t.Error("/metrics holds vmrange buckets, which Prometheus cannot use")
	}
	check := exec.Command("promtool", "check", "metrics")
	check.Stdin = bytes.NewReader(metrics)
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}

	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	text := fmt.Sprintf("global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: mirrorctl\n  static_configs: [{targets: [%q]}]\n", strings.TrimSuffix(strings.TrimPrefix(v.Admin, "http://"), "/"))
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	addr := binary.FreeAddr(t)
	prometheus := exec.Command("prometheus", "--config.file", config, "--storage.tsdb.path", filepath.Join(dir, "data"), "--web.listen-address", addr)
	var log bytes.Buffer
	prometheus.Stderr = &log
	if err := prometheus.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { prometheus.Process.Kill(); prometheus.Wait() }()

	for _, query := range []string{
		`up == 1`,
		`mirrorctl_build_info`,
		`sum(mirrorctl_http_requests_total{site="mirrorlist",code="200"}) > 0`,
		`mirrorctl_release_info{release="fedora-25",state="active"} == 1`,
		`histogram_quantile(0.99, sum by (le) (mirrorctl_http_request_duration_seconds_bucket)) >= 0`,
		`min(mirrorctl_repo_metadata_consistent) == 1`,
	} {
		ask(t, "http://"+addr, query, &log)
	}
}

// ask repeats a query until it returns a series.
func ask(t *testing.T, base, query string, log *bytes.Buffer) {
	t.Helper()
	var answer struct {
		Data struct{ Result []any }
	}
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
		res, err := http.Get(base + "/api/v1/query?query=" + url.QueryEscape(query))
		if err != nil {
			continue
		}
		err = json.NewDecoder(res.Body).Decode(&answer)
		res.Body.Close()
		if err == nil && len(answer.Data.Result) > 0 {
			return
		}
	}
	t.Errorf("no series for %s\n%s", query, log)
}
