package metric

import "sync/atomic"

// Table is a family's series over closed sets of label values, found by index: what a hot path
// needs where a series is only known with the request. Series come to be when they are first used,
// so that a scrape holds no zeros that nobody asked for.
type Table[H any] struct {
	open  func(values ...string) H
	fixed []string   // leading label values, the same for all
	dims  [][]string // the closed set of each further label
	cells []atomic.Pointer[H]
}

// Counters makes a table of counters. The first labels of f take the fixed values, the others those of dims.
func (s *Set) Counters(f CounterFamily, fixed []string, dims ...[]string) *Table[Counter] {
	return newTable(func(v ...string) Counter { return s.Counter(f, v...) }, fixed, dims)
}

// Histograms makes a table of histograms, as Counters does of counters.
func (s *Set) Histograms(f HistogramFamily, fixed []string, dims ...[]string) *Table[Histogram] {
	return newTable(func(v ...string) Histogram { return s.Histogram(f, v...) }, fixed, dims)
}

func newTable[H any](open func(...string) H, fixed []string, dims [][]string) *Table[H] {
	n := 1
	for _, d := range dims {
		n *= len(d)
	}
	return &Table[H]{open: open, fixed: fixed, dims: dims, cells: make([]atomic.Pointer[H], n)}
}

// At returns the series for one index into each dimension.
func (t *Table[H]) At(index ...int) H {
	cell := 0
	for i, d := range t.dims {
		cell = cell*len(d) + index[i]
	}
	if h := t.cells[cell].Load(); h != nil {
		return *h
	}
	return t.first(cell, index)
}

// first opens a series. Two goroutines may race here; both get the same one from the set.
func (t *Table[H]) first(cell int, index []int) H {
	values := append([]string(nil), t.fixed...)
	for i, d := range t.dims {
		values = append(values, d[index[i]])
	}
	h := t.open(values...)
	t.cells[cell].Store(&h)
	return h
}
