package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"mirrorctl/copr"
)

// ErrStopped is the cause of the end of a task that the hub has stopped. It is a copr.ErrLost.
var ErrStopped = fmt.Errorf("the hub stopped it: %w", copr.ErrLost)

// Tasks takes tasks for one builder. It has the methods of worker.Tasks and is safe for use by several goroutines.
type Tasks struct {
	conn      *nats.Conn
	own       bool // the connection is ours to close
	js        jetstream.JetStream
	arches    []string
	consumers []jetstream.Consumer // of arches; opened when they are first needed
	stops     []*nats.Subscription
	log       *slog.Logger

	mu   sync.Mutex // of consumers, held and turn
	held map[string]*holding
	turn int // which architecture is asked first
}

// holding is a task that this builder works on.
type holding struct {
	msg  jetstream.Msg // the newest: a task that came again is answered by it
	stop context.CancelCauseFunc
}

func newTasks(conn *nats.Conn, arches []string, log *slog.Logger) (*Tasks, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, err
	}
	t := &Tasks{conn: conn, js: js, log: log, arches: slices.Clone(arches), held: map[string]*holding{}}
	t.consumers = make([]jetstream.Consumer, len(arches))
	for _, a := range arches {
		if !slices.Contains(copr.Arches, a) {
			return nil, fmt.Errorf("architecture %q: want some of %s", a, strings.Join(copr.Arches, ", "))
		}
		s, err := conn.Subscribe("copr.stop."+a+".>", t.stopped)
		if err != nil {
			return nil, fmt.Errorf("listen for stops of %s: %w", a, err)
		}
		t.stops = append(t.stops, s)
	}
	return t, nil
}

// stopped ends a task that is held, where m names it. The queue does not keep such words: a builder that was away hears
// of it when it next says that it holds the task.
func (t *Tasks) stopped(m *nats.Msg) {
	name := strings.TrimPrefix(m.Subject, "copr.stop.")
	t.mu.Lock()
	defer t.mu.Unlock()
	if h := t.held[name]; h != nil {
		h.stop(ErrStopped)
	}
}

// Next waits for a task. The context that comes with it is a child of ctx and ends, with cause ErrStopped, when the hub
// stops the task. A task that comes again while it is held here is not returned a second time.
func (t *Tasks) Next(ctx context.Context) (copr.Task, context.Context, error) {
	for {
		m, err := t.take(ctx)
		if err != nil {
			return copr.Task{}, nil, err
		}
		if m == nil {
			continue
		}
		var task copr.Task
		if err := json.Unmarshal(m.Data(), &task); err != nil || m.Subject() != taskSubject(task.Build, task.Chroot, task.Attempt) {
			// The hub offers it again; but it never wrote such a thing.
			if err := m.TermWithReason("no task"); err != nil {
				return copr.Task{}, nil, fmt.Errorf("refuse what is no task: %w", err)
			}
			continue
		}
		name := wordsOf(task)
		own, stop := context.WithCancelCause(ctx)
		t.mu.Lock()
		if h := t.held[name]; h != nil {
			h.msg = m
			t.mu.Unlock()
			stop(nil)
			continue
		}
		t.held[name] = &holding{m, stop}
		t.mu.Unlock()
		return task, own, nil
	}
}

// Working puts off the moment at which the task is taken for abandoned.
func (t *Tasks) Working(task copr.Task) error {
	m, err := t.message(task)
	if err != nil {
		return err
	}
	return m.InProgress()
}

// Done ends the task for good: nobody gets it again.
func (t *Tasks) Done(ctx context.Context, task copr.Task) error {
	m, err := t.message(task)
	if err != nil {
		return err
	}
	defer t.forget(task)
	// Where the answer is lost the task comes again, and whoever takes it is told that it is over.
	if err := m.DoubleAck(ctx); err != nil {
		return fmt.Errorf("end task %s: %w", task.ID(), err)
	}
	return nil
}

// Return gives the task to whoever asks next, after a while.
func (t *Tasks) Return(_ context.Context, task copr.Task, after time.Duration) error {
	m, err := t.message(task)
	if err != nil {
		return err
	}
	defer t.forget(task)
	if err := m.NakWithDelay(after); err != nil {
		return fmt.Errorf("return task %s: %w", task.ID(), err)
	}
	return t.conn.FlushTimeout(time.Second) // the process may be about to end
}

func (t *Tasks) message(task copr.Task) (jetstream.Msg, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if h := t.held[wordsOf(task)]; h != nil {
		return h.msg, nil
	}
	return nil, fmt.Errorf("task %s is not held", task.ID())
}

func (t *Tasks) forget(task copr.Task) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if h := t.held[wordsOf(task)]; h != nil {
		h.stop(nil)
		delete(t.held, wordsOf(task))
	}
}

func wordsOf(t copr.Task) string { return words(t.Build, t.Chroot, t.Attempt) }

// Close ends the connection of a builder that was dialed.
func (t *Tasks) Close() error {
	var errs []error
	for _, s := range t.stops {
		if err := s.Unsubscribe(); err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
			errs = append(errs, err)
		}
	}
	if t.own {
		t.conn.Close()
	}
	return errors.Join(errs...)
}
