package queue

import (
	"errors"
	"fmt"
	"time"

	"mirrorctl/copr"
)

// ErrState is wrapped where a change does not follow from what is.
var ErrState = errors.New("not possible in this state")

// check reports what may not become of a record.
func check(old, b *copr.Build) error {
	if b.ID != old.ID || b.Project != old.Project || b.Package != old.Package || !b.Submitted.Equal(old.Submitted) {
		return fmt.Errorf("number, project, package and time of submission stay: %w", ErrState)
	}
	if len(old.Chroots) == 0 && len(b.Chroots) == 0 && b.State != old.State && !old.State.May(b.State) {
		return fmt.Errorf("%s cannot become %s: %w", old.State, b.State, ErrState)
	}
	for i := range old.Chroots {
		was := &old.Chroots[i]
		is := b.Chroot(was.Chroot)
		if is == nil {
			return fmt.Errorf("chroot %s cannot be taken out: %w", was.Chroot, ErrState)
		}
		if err := checkChroot(was, is); err != nil {
			return fmt.Errorf("chroot %s: %w", was.Chroot, err)
		}
	}
	return nil
}

func checkChroot(was, is *copr.BuildChroot) error {
	switch {
	case is.State != was.State && !was.State.May(is.State):
		return fmt.Errorf("%s cannot become %s: %w", was.State, is.State, ErrState)
	case is.Attempt < was.Attempt:
		return fmt.Errorf("attempt %d is over: %w", is.Attempt, ErrState)
	case was.State.Ended() && !is.State.Ended() && is.Attempt == was.Attempt:
		return fmt.Errorf("attempt %d has ended; only a new one begins again: %w", is.Attempt, ErrState)
	case is.Attempt == was.Attempt && was.Result != nil && is.Result == nil:
		return fmt.Errorf("attempt %d has a result: %w", is.Attempt, ErrState)
	case is.Attempt == was.Attempt && is.Delivery < was.Delivery:
		return fmt.Errorf("delivery %d is over: %w", is.Delivery, ErrState)
	}
	return nil
}

// settle fills in what follows from the rest: the state of the whole and when things ended.
func settle(b *copr.Build, now time.Time) {
	now = now.UTC().Truncate(time.Millisecond)
	end := func(s copr.State, at **time.Time) {
		switch {
		case !s.Ended():
			*at = nil
		case *at == nil:
			*at = &now
		}
	}
	for i := range b.Chroots {
		end(b.Chroots[i].State, &b.Chroots[i].Ended)
	}
	b.State = b.Summary()
	end(b.State, &b.Ended)
}
