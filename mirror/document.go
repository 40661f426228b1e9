package mirror

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"
)

// Document is the state document: the one place that says which release is served
// from where. It is replaced as a whole by compare-and-swap on Generation and never
// changed in place; whoever holds one may read it for ever.
type Document struct {
	Format     int                 `json:"format"`     // DocumentFormat
	Generation uint64              `json:"generation"` // grows by one with each swap; 0 = never written
	Releases   map[Release]*Record `json:"releases"`
}

// DocumentFormat is the version of the document's JSON that this program writes.
const DocumentFormat = 1

// Record is what the document holds of one release that is, or once was, not plainly active.
type Record struct {
	State State     `json:"state"`
	Since time.Time `json:"since"` // when State was entered
	Job   string    `json:"job"`   // the archive or restore job that wrote this
	// Trees and Repositories are kept here because the root forgets them once it is pruned.
	Trees        []Path       `json:"trees"`
	Repositories []Repository `json:"repositories"`
	Manifest     string       `json:"manifest"` // SHA-256, hex, of the archive's manifest
	Files        int64        `json:"files"`
	Bytes        int64        `json:"bytes"`
	Packages     int64        `json:"packages"`
}

// State of a release: Active where the document has no record of it.
func (d *Document) State(r Release) State {
	if d != nil {
		if rec := d.Releases[r]; rec != nil && rec.State != "" {
			return rec.State
		}
	}
	return Active
}

// With returns a copy in which r has rec (nil removes it) and Generation is one higher.
// d may be nil.
func (d *Document) With(r Release, rec *Record) *Document {
	n := &Document{Format: DocumentFormat, Generation: 1, Releases: map[Release]*Record{}}
	if d != nil {
		n.Generation = d.Generation + 1
		maps.Copy(n.Releases, d.Releases)
	}
	delete(n.Releases, r)
	if rec != nil {
		n.Releases[r] = rec
	}
	return n
}

// Sorted lists the releases that have a record, in order.
func (d *Document) Sorted() []Release {
	if d == nil {
		return nil
	}
	return slices.SortedFunc(maps.Keys(d.Releases), Release.Compare)
}

// ErrConflict is returned by StateStore.Swap when the document has moved on.
var ErrConflict = errors.New("state document changed by someone else")

// StateStore keeps the state document: a file by default, an object in a bucket when
// one machine is not enough. Implementations must be safe for concurrent use and for
// use by several processes.
type StateStore interface {
	// Load returns the newest document; one with Generation 0 and no releases where none was ever
	// written. It is cheap when nothing changed: a running server polls it several times a second.
	Load(ctx context.Context) (*Document, error)

	// Swap replaces the document of generation next.Generation-1 by next, durably: when it
	// returns nil, every later Load by anyone returns next or a newer one. It returns
	// ErrConflict, and changes nothing, when the stored generation is another.
	Swap(ctx context.Context, next *Document) error
}
