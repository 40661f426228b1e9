package hot

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Options are the parameters of a Cache. The zero value is usable.
type Options struct {
	// Dir is the cache's own directory, made if missing. Generations are kept there, so that they
	// outlive the process and whatever happens to the tree. Several processes may share it.
	// Empty: memory, and one open descriptor of the tree for each file of each generation.
	Dir string

	// Budget bounds the bytes in memory; caches may share one. Nil: one of DefaultBudget bytes.
	Budget *Budget

	// Keep is how long a generation stays in service after it was replaced, and a repository
	// after Retain missed it. 0: 96 h, twice dnf's longest use of an old repomd.xml.
	Keep time.Duration

	// MinGenerations are kept whatever their age, the one in service included. 0: 2.
	MinGenerations int

	// AllowRollback lets a repository go back to an older state. Without it, Accept says so for one.
	AllowRollback bool

	// Now is the clock. Nil: time.Now.
	Now func() time.Time
}

// Cache serves the repositories of one file system. Its methods may be called by many at once.
type Cache struct {
	budget         *Budget
	store          *store // nil without a directory
	keep           time.Duration
	minGenerations int
	allowRollback  bool
	now            func() time.Time

	table atomic.Pointer[table] // what Lookup reads; written under mu
	pins  *pins

	mu     sync.Mutex
	repos  map[string]*repo // by directory; those that never loaded included
	bodies map[[32]byte]*body

	coalesced, swaps, failures, evictions, damaged atomic.Uint64
	badRecords                                     int
}

// A table is the repositories in service. It is immutable.
type table struct {
	repos map[string]*repo
	odd   bool // a repository lists files outside of repodata/, or below it
}

// New makes a cache. What the directory holds is in service when it returns: no file of any
// tree was read for it. The error says what is wrong with the directory; a damaged generation
// in it is no error, Load brings it back.
func New(o Options) (*Cache, error) {
	c := &Cache{
		budget: o.Budget, keep: o.Keep, minGenerations: o.MinGenerations, allowRollback: o.AllowRollback, now: o.Now,
		pins: newPins(), repos: map[string]*repo{}, bodies: map[[32]byte]*body{},
	}
	if c.budget == nil {
		c.budget = NewBudget(DefaultBudget)
	}
	if c.keep <= 0 {
		c.keep = 96 * time.Hour
	}
	if c.minGenerations <= 0 {
		c.minGenerations = 2
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.table.Store(&table{})
	if o.Dir == "" {
		return c, nil
	}
	var err error
	if c.store, err = openStore(o.Dir); err != nil {
		return nil, err
	}
	if err := c.restore(); err != nil {
		return nil, err
	}
	return c, nil
}

// Close lets go of the directory. Objects that were looked up stay readable.
func (c *Cache) Close() error {
	if c.store == nil {
		return nil
	}
	return c.store.tenant.moveOut()
}

// restore puts the recorded generations into service.
func (c *Cache) restore() error {
	if err := c.store.removeTemps(); err != nil {
		return err
	}
	records, bad, err := c.store.read()
	if err != nil {
		return err
	}
	c.badRecords = bad
	recorded := map[string][]*generation{}
	for _, rec := range records {
		recorded[rec.Dir] = append(recorded[rec.Dir], c.revive(rec))
	}
	t := &table{repos: make(map[string]*repo, len(recorded))}
	for dir, generations := range recorded {
		slices.SortFunc(generations, func(a, b *generation) int { return b.LoadedAt.Compare(a.LoadedAt) })
		r := newRepo(dir)
		r.since = generations[0].LoadedAt
		r.view.Store(newView(generations))
		c.repos[dir], t.repos[dir] = r, r
		t.odd = t.odd || slices.ContainsFunc(generations, (*generation).odd)
	}
	c.table.Store(t)
	return nil
}

// revive makes the generation of a record.
func (c *Cache) revive(rec *record) *generation {
	var members []member
	for _, f := range rec.Files {
		b := c.acquire(f.SHA256, f.Size)
		b.place = c.store.file(f.SHA256)
		members = append(members, member{name: f.Name, modTime: f.ModTime, body: b})
	}
	docs := documents{rec.Repomd.document(), rec.Signature.document(), rec.Key.document()}
	return newGeneration(rec.Dir, docs, rec.parsed, members, rec.LoadedAt)
}

// publish shows r to Lookup. The caller holds r.mu.
func (c *Cache) publish(r *repo, odd bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.table.Load()
	if t.repos[r.dir] == r && (t.odd || !odd) {
		return
	}
	next := &table{repos: maps.Clone(t.repos), odd: t.odd || odd}
	if next.repos == nil {
		next.repos = map[string]*repo{}
	}
	next.repos[r.dir] = r
	c.table.Store(next)
}

// repo is the repository in dir, a new one if there is none.
func (c *Cache) repo(dir string) *repo {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.repos[dir]
	if r == nil {
		r = newRepo(dir)
		c.repos[dir] = r
	}
	return r
}

// acquire gives the body of a content, and counts one more that holds it. It may be new: then
// it has no place yet.
func (c *Cache) acquire(sum [32]byte, size int64) *body {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.bodies[sum]
	if b == nil || b.lost.Load() {
		b = &body{sum: sum, size: size, cache: c}
		c.bodies[sum] = b
	}
	b.refs++
	return b
}

// release gives up one hold on each of bodies.
func (c *Cache) release(bodies []*body) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range bodies {
		if b.refs--; b.refs > 0 {
			continue
		}
		if c.bodies[b.sum] == b {
			delete(c.bodies, b.sum)
		}
		c.budget.bury(b)
	}
}

// Generations are the generations in service of the repository in dir, newest first: the first
// is what Lookup answers now, the others are what a metalink calls alternates. Nil where there
// is none. The caller must not change the slice.
func (c *Cache) Generations(dir string) []Generation {
	if r := c.table.Load().repos[dir]; r != nil {
		return r.view.Load().public
	}
	return nil
}
