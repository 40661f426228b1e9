package redirect

import (
	"net/http"
	"strings"
	"time"

	"mirrorctl/mirror"
)

// Options are an operator's choices for the lists. The zero value is the default.
type Options struct {
	// Selector chooses hosts for active releases. Optional: ThisServer.
	Selector Selector
	// Disabled holds the repo= names that are answered "repo disabled".
	Disabled map[string]bool
	// UnknownRepoStatus is the status for an unknown repo= and arch=. 0 means 200, which costs a
	// client one request; 404, mirrorlist-server's own, makes each dnf ask twelve times.
	UnknownRepoStatus int
	// Window is how long alternates stay in metalinks.
	Window Window
	// Made is when the snapshot's data were made: time= asks for it. Optional: now.
	Made time.Time
	// Now is the clock. Optional: time.Now.
	Now func() time.Time
}

// Snapshot is all that a list request needs to know. It is immutable; a request takes one and
// asks it everything.
type Snapshot struct {
	layout    *mirror.Layout
	catalog   *mirror.Catalog
	targets   *Targets
	metadata  Metadata
	options   Options
	available string // the answer to an unknown repo=, but for its first words
}

// NewSnapshot makes a snapshot: c is compiled from l. It goes through all repositories once, so that no request has to.
func NewSnapshot(l *mirror.Layout, c *mirror.Catalog, t *Targets, m Metadata, o Options) *Snapshot {
	if o.Selector == nil {
		o.Selector = ThisServer{Targets: t}
	}
	if o.UnknownRepoStatus == 0 {
		o.UnknownRepoStatus = http.StatusOK
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Made.IsZero() {
		o.Made = o.Now()
	}
	var b strings.Builder
	b.WriteString("error: invalid repo or arch\n# following repositories are available:\n")
	for _, r := range c.Repositories() {
		b.WriteString("# repo=")
		b.WriteString(r.Name)
		b.WriteString("&arch=")
		b.WriteString(r.Arch)
		b.WriteByte('\n')
	}
	return &Snapshot{layout: l, catalog: c, targets: t, metadata: m, options: o, available: b.String()}
}

// Targets are the addresses that the snapshot answers with.
func (s *Snapshot) Targets() *Targets { return s.targets }

// Catalog is what the snapshot knows of releases and repositories.
func (s *Snapshot) Catalog() *mirror.Catalog { return s.catalog }
