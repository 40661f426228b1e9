package hot

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

// Prune takes generations out of service that were replaced longer ago than Options.Keep,
// beyond the newest MinGenerations, and repositories that Retain has missed for that long. Then it
// deletes the kept files that no generation has, unless another process uses the directory:
// the last one does it. Call it every few minutes; it may fail at any point and be called again.
func (c *Cache) Prune(now time.Time) error {
	limit := now.Add(-c.keep)
	var errs error
	for _, r := range c.all() {
		r.mu.Lock()
		v := r.view.Load()
		over := !r.missing.IsZero() && !r.missing.After(limit)
		var gone []*generation
		if v != nil && !over {
			var next *view
			if next, gone = v.prune(limit, c.minGenerations); next != v {
				r.view.Store(next)
			}
		}
		r.mu.Unlock()
		if over {
			errs = errors.Join(errs, c.Remove(r.dir))
		}
		errs = errors.Join(errs, c.retire(gone))
	}
	c.pins.expire(now)
	if c.store == nil {
		return errs
	}
	return errors.Join(errs, c.store.sweep(c.unlessUsed))
}

// Retain says which repositories there are. One that is not in dirs stays in service for
// Options.Keep, until Prune: a client may be half way through it. It is forgotten at once if it
// never was in service.
func (c *Cache) Retain(dirs []string) {
	there := make(map[string]bool, len(dirs))
	for _, dir := range dirs {
		there[dir] = true
	}
	now := c.now()
	for _, r := range c.all() {
		r.mu.Lock()
		switch {
		case there[r.dir]:
			r.missing = time.Time{}
		case r.view.Load() == nil:
			c.drop(r)
		case r.missing.IsZero():
			r.missing = now
		}
		r.mu.Unlock()
	}
}

// Remove takes the repository in dir out of service, now, and forgets that it was there: its
// next Load is its first.
func (c *Cache) Remove(dir string) error {
	c.mu.Lock()
	r := c.repos[dir]
	c.mu.Unlock()
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.removed {
		return nil
	}
	c.drop(r)
	if v := r.view.Load(); v != nil {
		return c.retire(v.generations)
	}
	return nil
}

// drop forgets r. A request in flight keeps the view that it has. The caller holds r.mu.
func (c *Cache) drop(r *repo) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r.removed = true
	if c.repos[r.dir] == r {
		delete(c.repos, r.dir)
	}
	old := c.table.Load()
	if old.repos[r.dir] != r {
		return
	}
	next := &table{repos: make(map[string]*repo, len(old.repos)), odd: old.odd}
	for dir, other := range old.repos {
		if other != r {
			next.repos[dir] = other
		}
	}
	c.table.Store(next)
}

// retire forgets generations that no view has.
func (c *Cache) retire(generations []*generation) (errs error) {
	for _, g := range generations {
		if c.store != nil {
			errs = errors.Join(errs, c.store.forget(g))
		}
		c.release(g.bodies)
	}
	return errs
}

// unlessUsed calls remove unless a generation, or one in the making, has the content sum.
func (c *Cache) unlessUsed(sum [32]byte, remove func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b := c.bodies[sum]; b != nil {
		return nil
	}
	return remove()
}

// all is the repositories, in no order.
func (c *Cache) all() []*repo {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]*repo, 0, len(c.repos))
	for _, r := range c.repos {
		all = append(all, r)
	}
	return all
}

// Warm reads the files of the generations in service into memory, the smallest first, until
// the budget is full. It is for after New; without it files come when they are asked for.
func (c *Cache) Warm(ctx context.Context) error {
	var cold []*body
	for _, r := range c.table.Load().repos {
		for _, b := range r.serving().bodies {
			if b.bytes.Load() == nil {
				cold = append(cold, b)
			}
		}
	}
	slices.SortFunc(cold, func(a, b *body) int { return cmp.Compare(a.size, b.size) })
	var errs error
	for _, b := range cold {
		if ctx.Err() != nil || c.budget.Used()+b.size > c.budget.Max() {
			break
		}
		_, err := b.promote()
		errs = errors.Join(errs, err)
	}
	return errors.Join(errs, ctx.Err())
}
