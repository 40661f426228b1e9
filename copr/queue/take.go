package queue

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// pause is how long one question to the queue may take; a task that comes at its end waits for it. A question is not
// cut short: the task that comes in that moment would be nobody's until its time ran out.
const pause = 500 * time.Millisecond

// take asks each architecture once. Nil without an error: there was no task.
func (t *Tasks) take(ctx context.Context) (jetstream.Msg, error) {
	t.mu.Lock()
	t.turn++
	turn := t.turn
	t.mu.Unlock()
	for i := range t.arches {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m, err := t.ask((turn+i)%len(t.arches), i == len(t.arches)-1)
		switch {
		case m != nil && ctx.Err() != nil:
			return nil, errors.Join(ctx.Err(), m.Nak(), t.conn.FlushTimeout(time.Second))
		case m != nil:
			return m, nil
		case err != nil && ctx.Err() == nil:
			// The queue is restarted, or not there yet: what is to be done is to ask again.
			t.log.Debug("no answer from the queue", "arch", t.arches[(turn+i)%len(t.arches)], "error", err)
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
		}
	}
	return nil, ctx.Err()
}

// ask takes the next task of one architecture, where one is there, or comes soon.
func (t *Tasks) ask(i int, wait bool) (jetstream.Msg, error) {
	c, err := t.consumer(i)
	if err != nil {
		return nil, err
	}
	var batch jetstream.MessageBatch
	if wait {
		batch, err = c.Fetch(1, jetstream.FetchMaxWait(pause))
	} else {
		batch, err = c.FetchNoWait(1)
	}
	if err != nil {
		return nil, err
	}
	m := <-batch.Messages()
	return m, batch.Error()
}

func (t *Tasks) consumer(i int) (jetstream.Consumer, error) {
	t.mu.Lock()
	c := t.consumers[i]
	t.mu.Unlock()
	if c != nil {
		return c, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c, err := t.js.Consumer(ctx, streamName, t.arches[i])
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	t.consumers[i] = c
	t.mu.Unlock()
	return c, nil
}
