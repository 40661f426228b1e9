package metric

import (
	"sync/atomic"

	"github.com/VictoriaMetrics/metrics"
)

// Counters is a family's counters over closed sets of label values, found by index: what a hot
// path needs where a counter's labels are only known with the request. Series come to be when they
// are first counted, so that a scrape holds no zeros that nobody asked for.
type Counters struct {
	set    *Set
	family CounterFamily
	fixed  []string   // leading label values, the same for all
	dims   [][]string // the closed set of each further label
	cells  []atomic.Pointer[metrics.Counter]
}

// Counters makes a table. The first labels of f take the fixed values, the others those of dims.
func (s *Set) Counters(f CounterFamily, fixed []string, dims ...[]string) *Counters {
	n := 1
	for _, d := range dims {
		n *= len(d)
	}
	return &Counters{set: s, family: f, fixed: fixed, dims: dims, cells: make([]atomic.Pointer[metrics.Counter], n)}
}

// At returns the counter for one index into each dimension.
func (t *Counters) At(index ...int) Counter {
	cell := 0
	for i, d := range t.dims {
		cell = cell*len(d) + index[i]
	}
	if c := t.cells[cell].Load(); c != nil {
		return Counter{c}
	}
	return t.first(cell, index)
}

// first registers a series. Two goroutines may race here; both get the same counter.
func (t *Counters) first(cell int, index []int) Counter {
	values := append([]string(nil), t.fixed...)
	for i, d := range t.dims {
		values = append(values, d[index[i]])
	}
	c := t.set.Counter(t.family, values...)
	t.cells[cell].Store(c.c)
	return c
}
