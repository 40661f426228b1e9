package main

import (
	"context"
	"time"

	"mirrorctl/internal/web"
)

// announceReady tells systemd once, and then keeps its watchdog quiet.
func announceReady(ctx context.Context, ready func() error) error {
	for ready() != nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	if err := web.Notify(web.Ready); err != nil {
		return err
	}
	every := web.WatchdogInterval()
	if every == 0 {
		return nil
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(every):
			if err := web.Notify(web.Watchdog); err != nil {
				return err
			}
		}
	}
}
