package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"mirrorctl/copr"
)

// holder says to the queue and to the hub that a task is worked on, until it is told that it is not ours any more: then it
// ends the task's context with that as its cause.
type holder struct {
	w      *Worker
	task   copr.Task
	cancel context.CancelFunc // of the beating
	gone   chan struct{}

	mu   sync.Mutex // of step
	step copr.Step
}

func hold(ctx context.Context, stop context.CancelCauseFunc, w *Worker, t copr.Task) *holder {
	h := &holder{w: w, task: t, gone: make(chan struct{})}
	ctx, h.cancel = context.WithCancel(ctx)
	go h.run(ctx, stop)
	return h
}

func (h *holder) run(ctx context.Context, stop context.CancelCauseFunc) {
	defer close(h.gone)
	tick := time.NewTicker(h.w.beat())
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		// The queue first and always: the hub may be slow to answer.
		if err := h.w.Tasks.Working(h.task); err != nil {
			h.w.Log.Debug("queue does not hear that the task is worked on", "task", h.task.ID(), "error", err)
		}
		h.mu.Lock()
		step := h.step
		h.mu.Unlock()
		// A client may ask a hub that is away for long; the queue must hear of us meanwhile.
		ask, cancel := context.WithTimeout(ctx, h.w.beat())
		_, err := h.w.Lease.Hold(ask, h.task, step)
		cancel()
		if errors.Is(err, copr.ErrLost) {
			stop(err)
			return
		}
	}
}

// at says which step the task is at, now and with every beat.
func (h *holder) at(ctx context.Context, step copr.Step) error {
	h.mu.Lock()
	h.step = step
	h.mu.Unlock()
	_, err := h.w.Lease.Hold(ctx, h.task, step)
	return err
}

// end returns once nothing is said any more.
func (h *holder) end() {
	h.cancel()
	<-h.gone
}
