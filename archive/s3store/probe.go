package s3store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"

	"mirrorctl/archive"
	"mirrorctl/mirror"
)

// Capability is one thing that a store was asked to show.
type Capability struct {
	Name   string // what was tried
	Needed bool   // without it nothing is archived there
	Then   string // what follows where it is missing
	Shown  bool
	Got    string // what the store did, where it is not what was hoped for
}

// ErrUnfit says that a store lacks what an archive needs.
var ErrUnfit = errors.New("the store cannot keep an archive")

// Probe tries what the store can do, on objects of its own below .mirrorctl/probe, and deletes
// what it may of them. An error that wraps ErrUnfit comes with the whole table; after any other
// one the store was not to be asked, and the table ends early.
func (s *Store) Probe(ctx context.Context) ([]Capability, error) {
	p := s.prober()
	defer p.tidy(ctx)
	return p.try(ctx, p.create, p.swap, p.race, p.checksum, p.parts, p.listing, p.metadata)
}

// trust makes sure, once, that the store refuses a second writer. No write goes before it.
func (s *Store) trust(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trusted {
		return nil
	}
	p := s.prober()
	defer p.tidy(ctx)
	for _, probe := range []probe{p.create, p.swap, p.parts} {
		if _, err := p.try(ctx, probe); err != nil {
			return err
		}
	}
	s.trusted = true
	return nil
}

// prober writes without the recognition of lost answers that would hide what a store does.
type prober struct {
	s   *Store
	dir mirror.Path

	mu   sync.Mutex // guards made
	made map[mirror.Path]bool
}

func (s *Store) prober() *prober {
	return &prober{s: s, dir: mirror.Path(".mirrorctl/probe/" + rand.Text()), made: map[mirror.Path]bool{}}
}

type probe func(context.Context) (Capability, error)

func (p *prober) try(ctx context.Context, probes ...probe) (found []Capability, unfit error) {
	for _, probe := range probes {
		c, err := probe(ctx)
		if err != nil && unfit != nil {
			return found, unfit // what is unfit need not make sense after that
		} else if err != nil {
			return found, fmt.Errorf("probe S3 store: %w", err)
		}
		if c.Needed && !c.Shown && unfit == nil {
			unfit = fmt.Errorf("s3://%s: %w: %s: %s; %s", p.s.bucket, ErrUnfit, c.Name, c.Got, c.Then)
		}
		found = append(found, c)
	}
	return found, unfit
}

// tidy deletes what may be deleted. What stays is a few bytes under a name that nobody asks for.
func (p *prober) tidy(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	for path := range p.made {
		_ = p.s.remove(ctx, path)
	}
}

func (p *prober) path(name string) mirror.Path {
	path := p.dir.Join(mirror.Path(name))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.made[path] = true
	return path
}

// put writes text under a condition and with a checksum that may be wrong.
func (p *prober) put(ctx context.Context, name, text string, sum archive.Sum, condition func(*minio.PutObjectOptions)) error {
	m := newMeta("")
	m.mtime = probeTime
	opts := options(m, sum)
	condition(&opts)
	key := p.s.key(p.path(name))
	_, err := p.s.try(ctx, "probe", key, func() error {
		_, err := p.s.core.PutObject(ctx, p.s.bucket, key, strings.NewReader(text), int64(len(text)), "", sumOf(text).String(), opts)
		return err
	})
	return err
}

// make puts a first object, which nobody else can have made.
func (p *prober) make(ctx context.Context, name, text string) error {
	err := p.put(ctx, name, text, sumOf(text), absent)
	if errors.Is(err, fs.ErrExist) {
		return nil // by an attempt whose answer was lost
	}
	return err
}

// judge says what an answer to a write shows that should have been refused with status.
func judge(c Capability, status int, err error) (Capability, error) {
	var e *Error
	switch {
	case err == nil:
		c.Got = "the store took it"
	case errors.As(err, &e) && e.Status == status:
		c.Shown = true
	case e == nil || e.Temporary() || errors.Is(err, fs.ErrPermission) || e.Status == http.StatusNotFound:
		return c, err
	default:
		c.Got = fmt.Sprintf("the store answered %d %s", e.Status, e.Code)
	}
	return c, nil
}

const probeTime = 1479809472131415161 // ns: a store that keeps less of it shows

func absent(o *minio.PutObjectOptions) { o.SetMatchETagExcept("*") }

func sumOf(text string) archive.Sum { return sha256.Sum256([]byte(text)) }
