package hot

import (
	"hash/maphash"
	"maps"
	"sync"
	"time"
)

// pinTime is how long an un-hashed name follows the client: what a client needs between
// repomd.xml and the last file that it lists.
const pinTime = 60 * time.Second

// follow chooses the generation for an un-hashed name; o is what the generation in service has.
//
// Nothing is remembered while nothing changes. For 60 s after a swap, and only then, a client that
// is given repomd.xml is noted. So a client that asks for another name in that time and is not
// noted was given its repomd.xml before the swap: it is answered from the generation that was in
// service 60 s ago.
func (c *Cache) follow(r *repo, v *view, o *Object, below, client string) *Object {
	now := c.now()
	serving := v.generations[0]
	if now.Sub(serving.LoadedAt) >= pinTime {
		return o
	}
	key := c.pins.key(r, client)
	if below == repomdName {
		c.pins.set(key, serving.SHA256, now.Add(pinTime))
		return o
	}
	g := v.at(now.Add(-pinTime))
	if id, noted := c.pins.get(key, now); noted {
		for _, h := range v.generations {
			if h.SHA256 == id {
				g = h
			}
		}
	}
	if p := g.files[below]; p != nil {
		return p
	}
	if below == signatureName || below == keyName {
		return nil // this client's repomd.xml was not signed
	}
	return o
}

// pins notes which repomd.xml a client was given. It is bounded: under a flood of clients the
// oldest notes go, since a client asks for all its files within seconds.
type pins struct {
	seed   maphash.Seed
	shards [64]pinShard
}

// pinShard holds the last 512 notes at least, and 1,024 at most.
type pinShard struct {
	mu         sync.Mutex
	young, old map[pinKey]pin
}

const pinsPerHalf = 512

type pinKey struct {
	repo   *repo
	client uint64 // a hash: nobody's address is kept
}

type pin struct {
	generation string // SHA-256 of its repomd.xml
	until      time.Time
}

func newPins() *pins {
	return &pins{seed: maphash.MakeSeed()}
}

func (p *pins) key(r *repo, client string) pinKey {
	return pinKey{r, maphash.String(p.seed, client)}
}

func (p *pins) shard(k pinKey) *pinShard { return &p.shards[k.client%uint64(len(p.shards))] }

func (p *pins) set(k pinKey, generation string, until time.Time) {
	s := p.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.young == nil || len(s.young) >= pinsPerHalf {
		s.old, s.young = s.young, map[pinKey]pin{}
	}
	s.young[k] = pin{generation, until}
}

func (p *pins) get(k pinKey, now time.Time) (generation string, ok bool) {
	s := p.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok := s.young[k]
	if !ok {
		n, ok = s.old[k]
	}
	return n.generation, ok && now.Before(n.until)
}

// expire drops the notes that are over.
func (p *pins) expire(now time.Time) {
	over := func(_ pinKey, n pin) bool { return !now.Before(n.until) }
	for i := range p.shards {
		s := &p.shards[i]
		s.mu.Lock()
		maps.DeleteFunc(s.young, over)
		maps.DeleteFunc(s.old, over)
		s.mu.Unlock()
	}
}
