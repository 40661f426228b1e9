package dock

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"mirrorctl/copr"
	"mirrorctl/internal/durable"
)

// Ledger is the records of builds; copr/queue has it.
type Ledger interface {
	// Get returns a record; the error wraps fs.ErrNotExist where there is none.
	Get(ctx context.Context, id uint64) (*copr.Build, error)
	// Update is compare-and-swap: change may be asked several times.
	Update(ctx context.Context, id uint64, change func(*copr.Build) error) error
}

// Config of a Dock.
type Config struct {
	Dir        string // the hub's state directory, S/copr
	Ledger     Ledger
	Deliveries int // how often an attempt is handed to builders before the chroot fails; 0 is 4
	// Silence is how long a builder is not to be heard of before another may take its task; 0 is 30 s. The queue hands tasks out
	// again after a restart of its own, too, when every builder was cut off and none is dead.
	Silence time.Duration
	Limits  Limits
	Log     *slog.Logger
}

// Limits of what a builder may leave. Zero values are the defaults.
type Limits struct {
	Files int   // in one result; 200
	File  int64 // bytes of one; 2 GiB
	Total int64 // bytes of all; 8 GiB
	Log   int64 // bytes of a log; 72 MiB
}

// The refusals. Each is a copr.ErrLost.
var (
	ErrForeign   = fmt.Errorf("not a task for this builder: %w", copr.ErrLost)
	ErrStale     = fmt.Errorf("over, or another builder's: %w", copr.ErrLost)
	ErrDuplicate = fmt.Errorf("has its result: %w", copr.ErrLost)
)

// ErrHeld is for who would take a task whose builder is alive, as far as is known. It may be asked for again.
var ErrHeld = errors.New("its builder was heard of a moment ago")

// Dock is the hub's side.
type Dock struct {
	dir        string
	ledger     Ledger
	deliveries int
	limits     Limits
	log        *slog.Logger

	seen   *seen
	logs   sync.Mutex // of every append to a log
	commit sync.Mutex // of every move into the inbox, so that Recover sees none half done
}

// Open makes the directories.
func Open(c Config) (*Dock, error) {
	d := &Dock{dir: c.Dir, ledger: c.Ledger, log: c.Log, deliveries: cmp.Or(c.Deliveries, 4), seen: newSeen(cmp.Or(c.Silence, 30*time.Second)), limits: Limits{
		Files: cmp.Or(c.Limits.Files, 200),
		File:  cmp.Or(c.Limits.File, 2<<30),
		Total: cmp.Or(c.Limits.Total, 8<<30),
		Log:   cmp.Or(c.Limits.Log, 72<<20),
	}}
	for _, sub := range []string{"srpm", "logs", "inbox", "upload"} {
		if err := durable.MkdirAll(filepath.Join(c.Dir, sub), 0o750); err != nil {
			return nil, fmt.Errorf("open the dock: %w", err)
		}
	}
	return d, nil
}

// Inbox is the directory of a delivered result.
func (d *Dock) Inbox(build uint64, c copr.Chroot, attempt int) string {
	return filepath.Join(d.of("inbox", build, c), strconv.Itoa(attempt))
}

// of is the directory of a build's chroot in one of the trees.
func (d *Dock) of(tree string, build uint64, c copr.Chroot) string {
	return filepath.Join(d.dir, tree, strconv.FormatUint(build, 10), c.String())
}

// handed names what belongs to one delivery of an attempt.
func (d *Dock) handed(tree string, t copr.Task) string {
	return filepath.Join(d.of(tree, t.Build, t.Chroot), fmt.Sprintf("%d.%d", t.Attempt, t.Delivery))
}

// Discard removes an attempt's result and logs, once it is published or has ended otherwise. What is not there is no error.
func (d *Dock) Discard(build uint64, c copr.Chroot, attempt int) error {
	d.commit.Lock()
	defer d.commit.Unlock()
	// First what makes it a result: the rest, should we be killed here, is nothing that Recover takes for one.
	if err := os.RemoveAll(filepath.Join(d.Inbox(build, c, attempt), resultName)); err != nil {
		return fmt.Errorf("discard build %d for %s: %w", build, c, err)
	}
	gone := []string{d.Inbox(build, c, attempt)}
	for _, tree := range []string{"logs", "upload"} {
		// The pattern has no character of Match but its own: a chroot is words and dashes.
		more, err := filepath.Glob(filepath.Join(d.of(tree, build, c), strconv.Itoa(attempt)+".*"))
		if err != nil {
			return fmt.Errorf("discard build %d for %s: %w", build, c, err)
		}
		gone = append(gone, more...)
	}
	for _, name := range gone {
		if err := os.RemoveAll(name); err != nil {
			return fmt.Errorf("discard build %d for %s: %w", build, c, err)
		}
	}
	return nil
}

// Builder is a builder's side of the dock in the hub's process. It has the methods of worker.Lease and worker.Dock.
type Builder struct {
	dock   *Dock
	name   string
	arches []string
}

// For is the side of one builder, which may take tasks of the architectures.
func (d *Dock) For(name string, arches []string) *Builder {
	return &Builder{d, name, slices.Clone(arches)}
}
