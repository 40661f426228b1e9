package site

import (
	"context"
	"errors"
	"time"

	"mirrorctl/mirror/index"
)

// rescan searches the root for what is new: at once, since much may have happened since the last service
// kept its index, and then now and then.
func (s *Site) rescan(ctx context.Context) error {
	for {
		if err := s.Rescan(ctx); ctx.Err() != nil {
			return ctx.Err()
		} else if err != nil {
			s.log.ErrorContext(ctx, "the root could not be searched for what is new", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(s.Config().Metadata.Rescan)):
		}
	}
}

// Rescan searches the root now, and makes a new view if there is anything new.
func (s *Site) Rescan(ctx context.Context) error {
	changed, err := s.scan(ctx)
	if changed {
		err = errors.Join(err, s.renew())
	}
	return err
}

// scan brings the index up to date and keeps it for the next service. One that cannot be kept is in force all the same.
func (s *Site) scan(ctx context.Context) (changed bool, err error) {
	done, err := s.scanning.take(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	s.mu.Lock()
	prev := s.index
	s.mu.Unlock()
	next, stats, err := index.Scan(ctx, s.root.dir, prev, index.Options{})
	if err != nil {
		return false, err
	}
	s.log.DebugContext(ctx, "root scanned", "stats", stats)
	if next == prev {
		return false, nil
	}
	s.mu.Lock()
	s.index = next
	s.mu.Unlock()
	return true, index.Save(s.indexDir(), next)
}
