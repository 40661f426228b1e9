package hot

import (
	"slices"
	"testing"
)

// Who leaves memory, and for whom.
func TestAdmit(t *testing.T) {
	type file struct {
		size int64
		heat uint32
	}
	for _, tt := range []struct {
		name     string
		resident []file
		asks     file
		admitted bool
		left     []int // what is still in memory
	}{
		{"room", []file{{40, 0}}, file{60, 0}, true, []int{0}},
		{"larger than all memory", nil, file{101, 64}, false, nil},
		{"equally cold: the largest goes", []file{{20, 0}, {50, 0}, {30, 0}}, file{50, 2}, true, []int{0, 2}},
		{"equally large: the coldest goes", []file{{50, 9}, {50, 8}}, file{50, 10}, true, []int{0}},
		{"a large one is colder than a small one of the same heat", []file{{80, 9}, {20, 9}}, file{20, 9}, true, []int{1}},
		{"no more than needed", []file{{11, 0}, {10, 0}, {79, 64}}, file{10, 1}, true, []int{1, 2}},
		{"not for one that is asked for as often", []file{{50, 8}, {50, 8}}, file{50, 8}, false, []int{0, 1}},
		{"not for one for which too little would go", []file{{20, 0}, {80, 64}}, file{30, 9}, false, []int{0, 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, c := NewBudget(100), new(Cache)
			var bodies []*body
			for _, f := range tt.resident {
				b := &body{size: f.size, cache: c}
				if !g.admit(b) {
					t.Fatal("no room in an empty memory")
				}
				g.fill(b, make([]byte, f.size))
				b.heat.Store(f.heat)
				bodies = append(bodies, b)
			}
			b := &body{size: tt.asks.size, cache: c}
			b.heat.Store(tt.asks.heat)
			if got := g.admit(b); got != tt.admitted {
				t.Errorf("admitted: %v", got)
			}
			var left []int
			var used int64
			for i, b := range bodies {
				if b.resident != (b.bytes.Load() != nil) {
					t.Errorf("%d is counted: %v; is in memory: %v", i, b.resident, !b.resident)
				}
				if b.resident {
					left = append(left, i)
					used += b.size
				}
			}
			if tt.admitted {
				used += b.size
			}
			if !slices.Equal(left, tt.left) || used != g.Used() || int(c.evictions.Load()) != len(bodies)-len(left) {
				t.Errorf("left are %v, want %v; %d bytes, counted %d; %d evictions", left, tt.left, used, g.Used(), c.evictions.Load())
			}
		})
	}
}
