package dock

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"mirrorctl/copr"
)

// Ledger is the records of builds; copr/queue has it.
type Ledger interface {
	Get(ctx context.Context, id uint64) (*copr.Build, error)
	Update(ctx context.Context, id uint64, change func(*copr.Build) error) error
}

// Config of a Dock.
type Config struct {
	Dir        string // the hub's state directory, S/copr
	Ledger     Ledger
	Deliveries int // how often an attempt is handed to builders before the chroot fails; 0 is 4
	Limits     Limits
	Log        *slog.Logger
}

// Limits of what a builder may leave. Zero values are the defaults.
type Limits struct {
	Files int   // in one result; 200
	File  int64 // bytes of one; 2 GiB
	Total int64 // bytes of all; 8 GiB
	Log   int64 // bytes of a log; 72 MiB
}

// Dock is the hub's side.
type Dock struct{}

// Open makes the directories and removes what unfinished deliveries left.
func Open(c Config) (*Dock, error) { return nil, nil }

// Recover makes the records follow the results in the inbox. Call it before builders are served.
func (d *Dock) Recover(ctx context.Context) error { return nil }

// Discard removes an attempt's result, once it is published or its build has ended.
func (d *Dock) Discard(build uint64, c copr.Chroot, attempt int) error { return nil }

// Inbox is the directory of a delivered result.
func (d *Dock) Inbox(build uint64, c copr.Chroot, attempt int) string { return "" }

// Follow reads the log of an attempt from its beginning and as it grows, over all builders that had it, until the
// attempt is delivered or ended.
func (d *Dock) Follow(ctx context.Context, build uint64, c copr.Chroot, attempt int) (io.ReadCloser, error) {
	return nil, nil
}

// Builder is a builder's side of the dock in the hub's process. It has the methods of worker.Lease and worker.Dock.
type Builder struct{}

// For is the side of one builder, which may take tasks of the architectures.
func (d *Dock) For(name string, arches []string) *Builder { return nil }

// Handler serves builders elsewhere, below /builder/.
type Handler struct {
	Dock *Dock
	Keys *Keys
}

// Serve answers one request. What a builder did wrong is answered here; an error is the hub's own.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request) error { return nil }

// Client is a builder's side of a dock elsewhere. It has the methods of worker.Lease and worker.Dock.
type Client struct {
	URL         string // of the hub, without /builder
	Name, Token string
	HTTP        *http.Client
	Patience    time.Duration // how long a request is tried again while the hub is not there; 0 is 10 min
}

// Keys is the file of builders.
type Keys struct{}

// OpenKeys reads the file, which need not exist.
func OpenKeys(name string) (*Keys, error) { return nil, nil }

// Add makes a builder and returns its token, which is kept nowhere.
func (k *Keys) Add(name string, arches []string) (token string, err error) { return "", nil }

// Remove takes a builder's right away. The error wraps fs.ErrNotExist.
func (k *Keys) Remove(name string) error { return nil }

// Check has the arches of the builder that token belongs to.
func (k *Keys) Check(name, token string) (arches []string, ok bool) { return nil, false }
