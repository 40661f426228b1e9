package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mirrorctl/copr"
)

// Cancel ends chroots of a build, all where none is named: what waits is never offered, and the builder of what runs is
// told. Chroots that have ended stay as they are; where all have, the error wraps ErrState.
func (q *Queue) Cancel(ctx context.Context, id uint64, chroots ...copr.Chroot) error {
	var canceled []copr.BuildChroot
	err := q.ledger.Update(ctx, id, func(b *copr.Build) error {
		canceled = nil
		for i := range b.Chroots {
			c := &b.Chroots[i]
			if c.State.Ended() || len(chroots) > 0 && !slices.Contains(chroots, c.Chroot) {
				continue
			}
			canceled = append(canceled, *c)
			c.State, c.Step = copr.Canceled, ""
		}
		if len(b.Chroots) == 0 && !b.State.Ended() {
			b.State = copr.Canceled
			return nil
		}
		if len(canceled) == 0 {
			return fmt.Errorf("cancel build %d: nothing of it is under way: %w", id, ErrState)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return q.Withdraw(ctx, id, canceled)
}

// Withdraw takes chroots whose record says that they are canceled out of the stream, and tells the builders that have them.
// Where a crash or an error keeps it from being done, the builder hears it when it next says that it holds the task, and
// whoever gets the task from the stream is refused.
func (q *Queue) Withdraw(ctx context.Context, id uint64, canceled []copr.BuildChroot) error {
	var errs []error
	for _, c := range canceled {
		if c.Offered == nil {
			continue
		}
		if err := q.withdraw(ctx, id, c.Chroot, c.Attempt); err != nil {
			errs = append(errs, fmt.Errorf("withdraw build %d for %s: %w", id, c.Chroot, err))
		}
	}
	return errors.Join(errs...)
}

// Retry begins a new attempt at chroots that failed or were canceled, all such where none is named.
func (q *Queue) Retry(ctx context.Context, id uint64, chroots ...copr.Chroot) error {
	return q.ledger.Update(ctx, id, func(b *copr.Build) error {
		n := 0
		for i := range b.Chroots {
			c := &b.Chroots[i]
			if c.State != copr.Failed && c.State != copr.Canceled || len(chroots) > 0 && !slices.Contains(chroots, c.Chroot) {
				continue
			}
			n++
			*c = copr.BuildChroot{Chroot: c.Chroot, State: copr.Pending, Attempt: c.Attempt + 1, Promoted: c.Promoted}
		}
		if n == 0 {
			return fmt.Errorf("retry build %d: no chroot of it has failed or was canceled: %w", id, ErrState)
		}
		return nil
	})
}
