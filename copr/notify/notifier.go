package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrorctl/copr"
	"mirrorctl/internal/durable"
	"mirrorctl/internal/egress"
)

// Builds are the records; copr/queue has them.
type Builds interface {
	// List returns records, newest first. They are shared: read only.
	List(q copr.Query) []*copr.Build
	// Watch tells of every build that changes, until ctx ends; changes in a row may be one.
	Watch(ctx context.Context) <-chan *copr.Build
}

// Options are what a Notifier is made of.
type Options struct {
	Dir    string // its own
	Hooks  []Hook
	Builds Builds
	Client *egress.Client
	Public *url.URL // what clients call the hub
	// Retry is the pause after a first failure. Default 1 s.
	Retry time.Duration
	// Waiting is how many events may wait for a webhook. Default 1,000.
	Waiting int
	Log     *slog.Logger
}

// Notifier delivers events.
type Notifier struct {
	Options
	told  *told
	lines []*line // one for each hook

	delivered, failed, dropped atomic.Int64
}

// Open reads what an earlier run has left. Without hooks it forgets all of it: hooks that come later are new.
func Open(o Options) (*Notifier, error) {
	if o.Retry == 0 {
		o.Retry = time.Second
	}
	if o.Waiting == 0 {
		o.Waiting = 1000
	}
	n := &Notifier{Options: o}
	if len(o.Hooks) == 0 {
		return n, os.RemoveAll(o.Dir)
	}
	if err := durable.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	if err := durable.DiscardAll(o.Dir); err != nil {
		return nil, err
	}
	var err error
	if n.told, err = openTold(filepath.Join(o.Dir, "told.json"), time.Now()); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(o.Dir) // sorted: by time
	if err != nil {
		return nil, err
	}
	waits := map[string][]string{}
	for _, e := range entries {
		if parts := strings.Split(strings.TrimSuffix(e.Name(), ".json"), "-"); len(parts) == 3 {
			waits[parts[2]] = append(waits[parts[2]], e.Name())
		}
	}
	for _, h := range o.Hooks {
		n.lines = append(n.lines, newLine(n, h, waits[h.id()]))
		delete(waits, h.id())
	}
	for _, left := range waits { // of hooks that are configured no more
		for _, name := range left {
			if err := n.remove(name); err != nil {
				return nil, err
			}
		}
	}
	return n, nil
}

// Run delivers until ctx ends.
func (n *Notifier) Run(ctx context.Context) error {
	if len(n.Hooks) == 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	loops, ctx := errgroup.WithContext(ctx)
	for _, l := range n.lines {
		loops.Go(func() error { return l.run(ctx) })
	}
	loops.Go(func() error {
		for {
			err := n.listen(ctx)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			// The disk is full, say. Nothing is lost: what was not dealt with is found in the records again.
			n.Log.ErrorContext(ctx, "events of builds could not be kept; this is tried again", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(trouble):
			}
		}
	})
	return loops.Wait()
}

// trouble is how long we leave our own trouble alone.
const trouble = 10 * time.Second

// listen puts every end into the lines of those who want it.
func (n *Notifier) listen(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()                                  // of the watch
	changed := n.Builds.Watch(ctx)                  // before the list, so that nothing falls between them
	for _, b := range n.Builds.List(copr.Query{}) { // what ended while nobody listened
		if err := n.take(b); err != nil {
			return err
		}
	}
	for b := range changed {
		if err := n.take(b); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// take deals with the end of b, once. A crash between its two steps does the first again, under the same names.
func (n *Notifier) take(b *copr.Build) error {
	if !n.told.isNews(b) {
		return nil
	}
	event := eventOf(b, n.Public)
	for _, l := range n.lines {
		if !l.hook.wants(b.State) {
			continue
		}
		raw, err := json.Marshal(event)
		if err != nil {
			return err
		}
		name := event.file(l.hook)
		if err := durable.WriteFile(filepath.Join(n.Dir, name), raw, 0o600); err != nil {
			return fmt.Errorf("keep an event of build %d: %w", b.ID, err)
		}
		if err := l.add(name); err != nil {
			return err
		}
	}
	return n.told.add(b)
}

func (n *Notifier) remove(name string) error {
	if err := os.Remove(filepath.Join(n.Dir, name)); err != nil {
		return err
	}
	return durable.SyncDir(n.Dir)
}

// Counts are what was delivered, failed and was dropped since the start, and how many events wait.
type Counts struct{ Delivered, Failed, Dropped, Waiting int64 }

// Counts tells how it goes.
func (n *Notifier) Counts() Counts {
	c := Counts{Delivered: n.delivered.Load(), Failed: n.failed.Load(), Dropped: n.dropped.Load()}
	for _, l := range n.lines {
		c.Waiting += int64(l.length())
	}
	return c
}
