package index

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"mirrorctl/mirror"
)

// racyWindow is how long before a scan a directory must have rested for its times to be trusted: two
// seconds, the coarsest clock of any file system in use.
const racyWindow = 2 * time.Second

// maxUnreadable bounds Stats.Unreadable.
const maxUnreadable = 100

// Options of Scan. The zero value is a rescan with as many workers as the machine has processors.
type Options struct {
	Full    bool             // read every directory and stat every file, whatever the previous index says
	Workers int              // directories read at once; default GOMAXPROCS, at least 2
	Now     func() time.Time // default time.Now
}

// Stats says what a scan did.
type Stats struct {
	Files, Dirs int // in the index
	Read        int // directories read; the others were known
	Changed     int // directories whose entries differ from the previous index
	Skipped     int // names left out: this program's own and rsync's temporary files
	// Unreadable are directories that the server may not read, 100 at most: trees that a mirror
	// keeps closed before a release day. They are in the index, as empty.
	Unreadable []mirror.Path
	Took       time.Duration
}

// Scan reads the root. Where prev is not nil, directories that have not changed are taken over from it
// without reading, and if none has changed, prev itself is returned. An error leaves no index:
// cancellation, or a directory that cannot be read for another reason than permission.
func Scan(ctx context.Context, root *os.Root, prev *Index, opts Options) (*Index, Stats, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Workers <= 0 {
		opts.Workers = max(2, runtime.GOMAXPROCS(0))
	}
	start := opts.Now()
	top, err := root.Open(".")
	if err != nil {
		return nil, Stats{}, fmt.Errorf("scan root: %w", err)
	}
	defer top.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s := &scanner{ctx: ctx, cancel: cancel, full: opts.Full, now: opts.Now, slots: make(chan struct{}, opts.Workers-1)}
	var old *node
	if prev != nil {
		old = prev.root
	}
	n := s.dir(int(top.Fd()), "", old)
	s.workers.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, Stats{}, fmt.Errorf("scan root: %w", err)
	}
	if n == nil {
		return nil, Stats{}, errors.New("scan root: it has vanished")
	}
	x := prev
	if n = settle(n, old); n != old {
		x = newIndex(n)
	}
	stats := Stats{Files: x.files, Dirs: len(x.dirs), Read: int(s.read.Load()), Changed: int(s.changed.Load()), Skipped: int(s.skipped.Load())}
	slices.Sort(s.unreadable)
	stats.Unreadable, stats.Took = s.unreadable, opts.Now().Sub(start)
	return x, stats, nil
}
