package forge

import (
	"context"
	"errors"
	"io/fs"

	"mirrorctl/copr"
	"mirrorctl/copr/dock"
	"mirrorctl/copr/queue"
)

// inbox is where the dock puts what builders deliver.
type inbox struct {
	dock   *dock.Dock
	ledger *queue.Ledger
}

// Dir implements hub.Inbox.
func (i inbox) Dir(build uint64, c copr.Chroot, attempt int) string {
	return i.dock.Inbox(build, c, attempt)
}

// Forget implements hub.Inbox.
func (i inbox) Forget(build uint64) error {
	b, err := i.ledger.Get(context.Background(), build)
	if err != nil {
		return err
	}
	var errs []error
	for _, c := range b.Chroots {
		for attempt := 1; attempt <= c.Attempt; attempt++ {
			if err := i.dock.Discard(build, c.Chroot, attempt); !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}
