package upstream

import (
	"context"
	"log/slog"
	"time"
)

// Run watches the targets until ctx ends, and sends what it finds. What could not be asked is logged and asked again at the
// next turn. A version is sent at each turn until Seen is called.
func (w *Watcher) Run(ctx context.Context, targets []Target, found chan<- Found) error {
	due := make([]time.Time, len(targets))
	for i, t := range targets {
		// A restart is no reason to ask: the turn comes when it would have come.
		due[i] = w.state.get(keyOf(t)).Asked.Add(jittered(t.Every()))
		if t.Watch.Directory != "" {
			due[i] = w.now()
		}
	}
	for {
		next := -1
		for i := range due {
			if next < 0 || due[i].Before(due[next]) {
				next = i
			}
		}
		if next < 0 { // nothing to watch
			<-ctx.Done()
			return ctx.Err()
		}
		turn := time.NewTimer(due[next].Sub(w.now()))
		select {
		case <-ctx.Done():
			turn.Stop()
			return ctx.Err()
		case <-turn.C:
		}
		t := targets[next]
		due[next] = w.now().Add(jittered(t.Every()))
		version, err := w.Check(ctx, t)
		if err != nil {
			slog.WarnContext(ctx, "upstream not asked", "target", t.String(), "reason", err)
			continue
		}
		if version == "" {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case found <- Found{t, version}:
		}
	}
}
