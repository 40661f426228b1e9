package metric_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"mirrorctl/internal/metric"
)

// filled has series in every family that a caller can fill.
func filled(t testing.TB) string {
	t.Helper()
	s := metric.New("1.0", "abcdef")
	s.Counter(metric.HTTPRequests, "active", "repomd", "200", "hit").Add(3)
	s.Counter(metric.HTTPErrors, "not_found").Inc()
	s.Histogram(metric.HTTPDuration, "active", "repomd").Observe(.0007)
	s.Histogram(metric.HTTPDuration, "active", "repomd").Observe(100)
	s.Gauge(metric.HTTPInFlight).Add(2)
	s.Collect(metric.ReleaseInfo, func(yield func(float64, ...string)) {
		yield(1, "fedora-25", "archived", "2017-12-12")
		yield(1, "fedora-43", "active", "")
	})
	s.Collect(metric.RepoSwaps, func(yield func(float64, ...string)) { yield(12, "free-el-9", "x86_64") })
	var b bytes.Buffer
	if err := s.WritePrometheus(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPromtoolIsSilent(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("SKIP: promtool missing")
	}
	cmd := exec.Command(promtool, "check", "metrics")
	cmd.Stdin = strings.NewReader(filled(t))
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

func TestTextFormat(t *testing.T) {
	text := filled(t)
	for _, want := range []string{
		`mirrorctl_http_requests_total{site="active",kind="repomd",code="200",cache="hit"} 3`,
		`mirrorctl_http_request_duration_seconds_bucket{site="active",kind="repomd",le="0.0005"} 0`,
		`mirrorctl_http_request_duration_seconds_bucket{site="active",kind="repomd",le="0.001"} 1`,
		`mirrorctl_http_request_duration_seconds_bucket{site="active",kind="repomd",le="10"} 1`,
		`mirrorctl_http_request_duration_seconds_bucket{site="active",kind="repomd",le="+Inf"} 2`,
		`mirrorctl_http_requests_in_flight 2`,
		`mirrorctl_release_info{release="fedora-25",state="archived",eol="2017-12-12"} 1`,
		`mirrorctl_repo_generation_swaps_total{repo="free-el-9",arch="x86_64"} 12`,
	} {
		if !strings.Contains(text, "\n"+want+"\n") {
			t.Errorf("no line %s", want)
		}
	}
	if strings.Contains(text, "vmrange") {
		t.Error("a vmrange bucket, which PromQL cannot read")
	}
	if n := len(regexp.MustCompile(`(?m)^(go|process)_\w+( |\{)`).FindAllString(text, -1)); n < 12 {
		t.Errorf("%d series of the process itself, want a dozen", n)
	}
}

func TestEveryFamilyHasHelpAndType(t *testing.T) {
	text := filled(t)
	seen := map[string]bool{}
	for _, f := range metric.Families() {
		if seen[f.Name] {
			t.Errorf("%s is declared twice", f.Name)
		}
		seen[f.Name] = true
		if len(f.Help) < 10 || strings.HasSuffix(f.Help, ".") {
			t.Errorf("%s: help %q", f.Name, f.Help)
		}
		if !strings.Contains(text, fmt.Sprintf("# HELP %s %s\n# TYPE %s %s\n", f.Name, f.Help, f.Name, f.Type)) {
			t.Errorf("%s: no HELP and TYPE", f.Name)
		}
		if (f.Type == metric.TypeCounter) != strings.HasSuffix(f.Name, "_total") {
			t.Errorf("%s is a %s", f.Name, f.Type)
		}
	}
}

func TestLabelValuesAreEscaped(t *testing.T) {
	s := metric.New("a\"b\\c\nd\xff{", "")
	var b bytes.Buffer
	if err := s.WritePrometheus(&b); err != nil {
		t.Fatal(err)
	}
	if want := `version="a\"b\\c\nd` + "\uFFFD" + `{",revision=""`; !strings.Contains(b.String(), want) {
		t.Errorf("no %s in\n%s", want, b.String())
	}
}

func TestCountersTable(t *testing.T) {
	s := metric.New("", "")
	states, kinds := []string{"active", "archived"}, []string{"repomd", "primary", "package"}
	table := s.Counters(metric.ReleaseRequests, []string{"fedora-25"}, states, kinds)
	again := s.Counters(metric.ReleaseRequests, []string{"fedora-25"}, states, kinds)
	table.At(1, 2).Add(5)
	again.At(1, 2).Inc() // a table made anew, as after a change of the catalog, goes on counting
	if got := s.Counter(metric.ReleaseRequests, "fedora-25", "archived", "package").Value(); got != 6 {
		t.Errorf("counted %d, want 6", got)
	}
	var b bytes.Buffer
	if err := s.WritePrometheus(&b); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "mirrorctl_release_requests_total{"); n != 1 {
		t.Errorf("%d series, want the one that was counted", n)
	}
}

func TestZeroHandlesCountNothing(t *testing.T) {
	metric.Counter{}.Inc()
	metric.Gauge{}.Set(1)
	metric.Histogram{}.Observe(1)
}

func BenchmarkCounter(b *testing.B) {
	c := metric.New("", "").Counter(metric.HTTPErrors, "x")
	for b.Loop() {
		c.Inc()
	}
}

func BenchmarkCountersAt(b *testing.B) {
	t := metric.New("", "").Counters(metric.HTTPRequests, nil,
		[]string{"a", "b"}, []string{"c", "d"}, []string{"e", "f"}, []string{"g", "h"})
	b.ReportAllocs()
	for b.Loop() {
		t.At(1, 0, 1, 1).Inc()
	}
}

func BenchmarkHistogram(b *testing.B) {
	h := metric.New("", "").Histogram(metric.HTTPDuration, "active", "repomd")
	for b.Loop() {
		h.Observe(.0004)
	}
}
