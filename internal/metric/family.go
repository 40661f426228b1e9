package metric

import (
	"cmp"
	"slices"
)

// Type is a family's type in the Prometheus text format.
type Type string

// The types of families.
const (
	TypeCounter   Type = "counter"
	TypeGauge     Type = "gauge"
	TypeHistogram Type = "histogram"
)

// Family is one metric with all its label combinations.
type Family struct {
	Name   string   // as written, prefix included
	Type   Type     //
	Help   string   // one sentence, without a full stop
	Labels []string // names, in the order in which values are given

	buckets []float64 // upper bounds, of a histogram
}

// A family of each type has a Go type of its own, so that nobody takes a gauge from a counter.
type (
	CounterFamily   struct{ f *Family }
	GaugeFamily     struct{ f *Family }
	HistogramFamily struct{ f *Family }
)

// Name is the family's full name.
func (c CounterFamily) Name() string { return c.f.Name }

// Name is the family's full name.
func (g GaugeFamily) Name() string { return g.f.Name }

// Name is the family's full name.
func (h HistogramFamily) Name() string { return h.f.Name }

func (c CounterFamily) family() *Family { return c.f }
func (g GaugeFamily) family() *Family   { return g.f }

// Prefix begins the name of every family but go_* and process_*.
const Prefix = "mirrorctl_"

// DurationBuckets are the upper bounds, in seconds, of what clients wait for: a hot answer
// takes a few hundred microseconds, a package over a slow line many seconds.
var DurationBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// BuildBuckets are those of builds, in seconds: a script package takes a second, a large one with its gates in virtual
// machines hours.
var BuildBuckets = []float64{1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400}

// table holds what the variables of families.go and process.go declare; nothing changes it later.
var table []*Family

func declare(t Type, name, help string, labels []string) *Family {
	f := &Family{Name: name, Type: t, Help: help, Labels: labels}
	table = append(table, f)
	return f
}

func counter(name, help string, labels ...string) CounterFamily {
	return CounterFamily{declare(TypeCounter, Prefix+name, help, labels)}
}

func gauge(name, help string, labels ...string) GaugeFamily {
	return GaugeFamily{declare(TypeGauge, Prefix+name, help, labels)}
}

func histogram(name, help string, buckets []float64, labels ...string) HistogramFamily {
	f := declare(TypeHistogram, Prefix+name, help, labels)
	f.buckets = buckets
	return HistogramFamily{f}
}

// Families lists every family, sorted by name: for documentation, and for the test that each
// metric a dashboard names exists.
func Families() []Family {
	all := make([]Family, len(table))
	for i, f := range table {
		all[i] = *f
		all[i].Labels = slices.Clone(f.Labels)
	}
	slices.SortFunc(all, func(a, b Family) int { return cmp.Compare(a.Name, b.Name) })
	return all
}
