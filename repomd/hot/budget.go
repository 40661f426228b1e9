package hot

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
)

// DefaultBudget is the bytes of metadata held in memory unless told otherwise.
const DefaultBudget = 256 << 20

// A Budget bounds the bytes that one or more caches hold in memory.
//
// What stays is decided by requests per byte: where room is needed the bodies with the fewest
// go first, and only for one that has more. So one walk over a whole archive, which asks for
// each large file once, flushes no small file that clients live on. The counts halve each
// time eight memories' worth of bytes had to come from files; without pressure nothing ages
// and nothing is computed.
type Budget struct {
	max    int64
	used   atomic.Int64 // written under mu
	missed atomic.Int64 // bytes that came from files for want of room, since the counts were halved

	mu       sync.Mutex
	resident map[*body]struct{}
}

// NewBudget makes a budget of max bytes; 0 or less means DefaultBudget.
func NewBudget(max int64) *Budget {
	if max <= 0 {
		max = DefaultBudget
	}
	return &Budget{max: max, resident: map[*body]struct{}{}}
}

// Max is the limit in bytes.
func (g *Budget) Max() int64 { return g.max }

// Used is the bytes in memory; never over Max.
func (g *Budget) Used() int64 { return g.used.Load() }

// worthwhile is a cheap guess whether admit will say yes: there is room, or b was asked for
// twice, four times, eight times … since counts were halved. It keeps a body that does not make it from
// asking again at each request.
func (g *Budget) worthwhile(b *body) bool {
	if b.size > g.max {
		return false
	}
	if g.used.Load()+b.size <= g.max {
		return true
	}
	h := b.heat.Load()
	return h > 1 && h&(h-1) == 0
}

// miss counts a request that was answered from a file.
func (g *Budget) miss(b *body) {
	if b.size > g.max {
		return // no count of others' would ever help it
	}
	b.heat.CompareAndSwap(maxHeat, maxHeat/2+1) // it may ask again after as many requests
	if g.missed.Add(b.size)/8 < g.max {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.missed.Store(0)
	for b := range g.resident {
		b.heat.Store(b.heat.Load() / 2)
	}
}

// admit makes room for b and counts it in, or leaves all as it is. The caller fills or
// releases it.
func (g *Budget) admit(b *body) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if b.dead || b.resident || b.size > g.max {
		return false
	}
	if need := g.used.Load() + b.size - g.max; need > 0 {
		victims := g.colder(b, need)
		if victims == nil {
			return false
		}
		for _, v := range victims {
			g.drop(v)
			v.heat.Store(0)
			v.cache.evictions.Add(1)
		}
	}
	b.resident = true
	g.resident[b] = struct{}{}
	g.used.Add(b.size)
	return true
}

// colder picks the bodies with the fewest requests per byte, fewer than b has, that together
// free need bytes; nil if there are not enough.
func (g *Budget) colder(b *body, need int64) []*body {
	type candidate struct {
		*body
		heat uint64
	}
	// x/xs < y/ys, without dividing. 64 × a file of 2^57 bytes still fits.
	density := func(x, y candidate) int { return cmp.Compare(x.heat*uint64(y.size), y.heat*uint64(x.size)) }
	mine := candidate{b, uint64(max(1, b.heat.Load()))} // it is asked for, or has just been published
	var below []candidate
	for v := range g.resident {
		if c := (candidate{v, uint64(v.heat.Load())}); density(c, mine) < 0 {
			below = append(below, c)
		}
	}
	slices.SortFunc(below, func(x, y candidate) int {
		return cmp.Or(density(x, y), cmp.Compare(y.size, x.size))
	})
	var victims []*body
	for _, c := range below {
		victims = append(victims, c.body)
		if need -= c.size; need <= 0 {
			return victims
		}
	}
	return nil
}

// fill puts the bytes of an admitted body into memory, unless it was evicted meanwhile.
func (g *Budget) fill(b *body, data []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if b.resident {
		b.bytes.Store(&data)
	}
}

// release takes b out of memory.
func (g *Budget) release(b *body) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.drop(b)
}

// bury takes b out of memory for good: a request that still holds it must not bring it back,
// since nobody would ever take it out again.
func (g *Budget) bury(b *body) {
	g.mu.Lock()
	defer g.mu.Unlock()
	b.dead = true
	g.drop(b)
}

func (g *Budget) drop(b *body) {
	if b.resident {
		b.resident = false
		delete(g.resident, b)
		g.used.Add(-b.size)
		b.bytes.Store(nil)
	}
}
