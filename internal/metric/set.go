package metric

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/VictoriaMetrics/metrics"
)

// Set holds the metrics of one server. Tests may run many side by side.
type Set struct {
	// One library set for each family, so that its HELP and TYPE can stand before its series.
	families   []*Family
	series     map[*Family]*metrics.Set // never changed after New
	mu         sync.Mutex               // guards collectors
	collectors map[*Family][]Collector
}

// New makes a set with every family of the table, the process's own among them.
// version and revision are build_info's.
func New(version, revision string) *Set {
	s := &Set{
		families:   slices.SortedFunc(slices.Values(table), func(a, b *Family) int { return cmp.Compare(a.Name, b.Name) }),
		series:     make(map[*Family]*metrics.Set, len(table)),
		collectors: map[*Family][]Collector{},
	}
	for _, f := range s.families {
		s.series[f] = metrics.NewSet()
	}
	s.Gauge(BuildInfo, version, revision, runtime.Version()).Set(1)
	collectProcess(s)
	return s
}

// Counter is a handle for one series; hold it in a field. The zero Counter counts nothing.
type Counter struct{ c *metrics.Counter }

// Inc adds one.
func (c Counter) Inc() { c.Add(1) }

// Add adds n, which must not be negative.
func (c Counter) Add(n int64) {
	if c.c != nil {
		c.c.AddInt64(n)
	}
}

// Value is what was counted so far.
func (c Counter) Value() uint64 {
	if c.c == nil {
		return 0
	}
	return c.c.Get()
}

// Counter returns the series of f with these label values, making it on first use.
func (s *Set) Counter(f CounterFamily, values ...string) Counter {
	return Counter{s.series[f.f].GetOrCreateCounter(name(f.f, values))}
}

// Gauge is a handle for one series. The zero Gauge shows nothing.
type Gauge struct{ g *metrics.Gauge }

// Set makes v the value.
func (g Gauge) Set(v float64) {
	if g.g != nil {
		g.g.Set(v)
	}
}

// Add adds v, which may be negative.
func (g Gauge) Add(v float64) {
	if g.g != nil {
		g.g.Add(v)
	}
}

// Gauge returns the series of f with these label values, making it on first use. A gauge stays
// for ever: for what comes and goes with a catalog use Collect.
func (s *Set) Gauge(f GaugeFamily, values ...string) Gauge {
	return Gauge{s.series[f.f].GetOrCreateGauge(name(f.f, values), nil)}
}

// Histogram is a handle for one series. The zero Histogram observes nothing.
type Histogram struct{ h *metrics.PrometheusHistogram }

// Observe counts one value, in the family's unit.
func (h Histogram) Observe(v float64) {
	if h.h != nil {
		h.h.Update(v)
	}
}

// Histogram returns the series of f with these label values and its family's buckets.
func (s *Set) Histogram(f HistogramFamily, values ...string) Histogram {
	return Histogram{s.series[f.f].GetOrCreatePrometheusHistogramExt(name(f.f, values), f.f.buckets)}
}

// Collector yields the series of a family as they are now.
type Collector func(yield func(value float64, labels ...string))

// Collect has c asked at each WritePrometheus. It is the way for values that are read from a snapshot
// (a catalog, a job, the kernel) and whose series vanish with what they describe.
func (s *Set) Collect(f interface{ family() *Family }, c Collector) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.collectors[f.family()] = append(s.collectors[f.family()], c)
}

// WritePrometheus writes every family in the text format, HELP and TYPE first, sorted by name.
func (s *Set) WritePrometheus(w io.Writer) error {
	var b bytes.Buffer
	for _, f := range s.families {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", f.Name, escapeHelp.Replace(f.Help), f.Name, f.Type)
		s.series[f].WritePrometheus(&b)
		s.mu.Lock()
		collectors := s.collectors[f]
		s.mu.Unlock()
		for _, collect := range collectors {
			collect(func(value float64, labels ...string) {
				b.WriteString(name(f, labels))
				b.WriteByte(' ')
				b.WriteString(strconv.FormatFloat(value, 'g', -1, 64))
				b.WriteByte('\n')
			})
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

var (
	escapeHelp  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	escapeValue = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)

// name spells a series: family{label="value",…}. A wrong number of values is a bug of the caller.
func name(f *Family, values []string) string {
	if len(values) != len(f.Labels) {
		panic(fmt.Sprintf("metric %s: %d label values for %d labels", f.Name, len(values), len(f.Labels)))
	}
	if len(values) == 0 {
		return f.Name
	}
	var b strings.Builder
	b.WriteString(f.Name)
	for i, v := range values {
		b.WriteByte("{,"[min(i, 1)])
		b.WriteString(f.Labels[i])
		b.WriteString(`="`)
		escapeValue.WriteString(&b, strings.ToValidUTF8(v, "\uFFFD"))
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
}
