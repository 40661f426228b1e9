package queue

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"mirrorctl/copr"
)

// Composer writes what a builder is told, from the record and what is declared.
type Composer interface {
	// Compose is asked when the chroot's turn has come, and again where the offer was lost. An error fails the chroot.
	Compose(ctx context.Context, b *copr.Build, c copr.Chroot) (copr.Task, error)
}

// Scheduler offers pending chroots to builders. What it has offered is in the record (Offered) before it is in the
// stream, so that it may be killed anywhere: what the stream lacks is offered again, and what it has it takes only once.
type Scheduler struct {
	Queue    *Queue
	Composer Composer
	Window   int           // tasks per architecture that are offered and not taken; 0 is 4
	Sweep    time.Duration // how often the stream is compared with the records; 0 is 30 s
	Log      *slog.Logger

	offered map[string]bool // by words: is in the stream, or was
}

// Run offers until ctx ends.
func (s *Scheduler) Run(ctx context.Context) error {
	changes := s.Queue.ledger.Watch(ctx)
	s.offered = map[string]bool{}
	sweep := time.NewTicker(cmp.Or(s.Sweep, 30*time.Second))
	defer sweep.Stop()
	all := true // at the start the stream may lack anything
	for {
		var again <-chan time.Time
		if err := s.pass(ctx, all); err != nil && ctx.Err() == nil {
			s.Log.Warn("tasks not offered; will try again", "error", err)
			again = time.After(time.Second)
		}
		all = false
		select {
		case _, ok := <-changes:
			if !ok {
				return ctx.Err()
			}
			drain(changes)
		case <-sweep.C:
			all = true
		case <-again:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// drain takes what else has changed: one pass looks at all.
func drain(changes <-chan *copr.Build) {
	for {
		select {
		case _, ok := <-changes:
			if !ok {
				return
			}
		case <-time.After(time.Millisecond):
			return
		}
	}
}

// pass decides once and does it. With all, it also looks for what is offered by the record and is not in the stream.
func (s *Scheduler) pass(ctx context.Context, all bool) error {
	var errs []error
	l := s.Queue.ledger
	for _, t := range decide(l.Open(), cmp.Or(s.Window, 4)) {
		if err := s.offer(ctx, t); err != nil {
			errs = append(errs, err)
		}
	}
	known := map[string]bool{}
	for _, b := range l.Open() {
		for i := range b.Chroots {
			c := &b.Chroots[i]
			if c.Offered == nil || c.State != copr.Pending && !atBuilder(c) {
				continue
			}
			w := words(b.ID, c.Chroot, c.Attempt)
			if !s.offered[w] || all {
				if err := s.publish(ctx, b, c); err != nil {
					errs = append(errs, err)
					continue
				}
			}
			known[w] = true
		}
	}
	s.offered = known
	return errors.Join(errs...)
}

// offer records that it is the chroot's turn. pass publishes it then, as it would after a crash here.
func (s *Scheduler) offer(ctx context.Context, t turn) error {
	now := time.Now().UTC().Truncate(time.Millisecond)
	return s.Queue.ledger.Update(ctx, t.build.ID, func(b *copr.Build) error {
		c := b.Chroot(t.chroot)
		if c == nil || c.State != copr.Pending || c.Offered != nil {
			return nil // canceled meanwhile
		}
		c.Offered = &now
		c.Attempt = max(c.Attempt, 1)
		return nil
	})
}

// publish puts a task into the stream, unless it lies there.
func (s *Scheduler) publish(ctx context.Context, b *copr.Build, c *copr.BuildChroot) error {
	subject := taskSubject(b.ID, c.Chroot, c.Attempt)
	task, err := s.Composer.Compose(ctx, b, c.Chroot)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return s.fail(ctx, b.ID, c, err.Error())
	}
	task.Build, task.Chroot, task.Attempt, task.Delivery = b.ID, c.Chroot, c.Attempt, 0
	data, err := json.Marshal(task)
	if err != nil {
		return s.fail(ctx, b.ID, c, err.Error())
	}
	if len(data) > maxTask {
		return s.fail(ctx, b.ID, c, fmt.Sprintf("the task has %d bytes, at most %d are sent: shorten the gate's script", len(data), maxTask))
	}
	switch _, err := s.Queue.js.Publish(ctx, subject, data); {
	case err == nil:
		if atBuilder(c) {
			s.Log.Warn("task was lost; offered again", "task", task.ID(), "builder", c.Builder)
		}
	case !isOffered(err):
		return fmt.Errorf("offer task %s: %w", task.ID(), err)
	}
	return nil
}

func (s *Scheduler) fail(ctx context.Context, id uint64, was *copr.BuildChroot, reason string) error {
	return s.Queue.ledger.Update(ctx, id, func(b *copr.Build) error {
		c := b.Chroot(was.Chroot)
		if c == nil || c.Attempt != was.Attempt || c.State.Ended() || c.Result != nil {
			return nil
		}
		c.State, c.Step, c.Reason = copr.Failed, "", reason
		return nil
	})
}

// withdraw takes a task out of the stream, and tells the builder that has it.
func (q *Queue) withdraw(ctx context.Context, build uint64, c copr.Chroot, attempt int) error {
	return errors.Join(
		q.conn.Publish(stopSubject(build, c, attempt), nil),
		q.tasks.Purge(ctx, jetstream.WithPurgeSubject(taskSubject(build, c, attempt))),
	)
}
