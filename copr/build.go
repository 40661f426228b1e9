package copr

import (
	"fmt"
	"time"
)

// Build makes one package of one project for some chroots. It is a record: what it says was so.
type Build struct {
	ID      uint64      `json:"id"`
	Project ProjectName `json:"project"`
	Package string      `json:"package"`
	// Version is upstream's version that was asked for; EVR that of the source package, once it is made.
	Version string `json:"version,omitempty"`
	EVR     string `json:"evr,omitempty"`

	State  State  `json:"state"` // of the whole: see Summary
	Reason string `json:"reason,omitempty"`

	// Sources are what it is made from; one that ends in .src.rpm is the source package itself.
	Sources []Source `json:"sources,omitempty"`
	Spec    File     `json:"spec,omitzero"` // as declared when the source package was made
	SRPM    File     `json:"srpm,omitzero"`
	// Names are the binary packages that the spec declares, for any of the chroots: a result has no other.
	Names      []string   `json:"names,omitempty"`
	Channel    Channel    `json:"channel"` // where it is published first
	Background bool       `json:"background,omitempty"`
	Submitter  string     `json:"submitter,omitempty"`
	Submitted  time.Time  `json:"submitted"`
	Ended      *time.Time `json:"ended,omitempty"`

	Chroots []BuildChroot `json:"chroots"` // sorted by Chroot.Compare
}

// BuildChroot is one chroot of a build.
type BuildChroot struct {
	Chroot  Chroot `json:"chroot"`
	State   State  `json:"state"`
	Step    Step   `json:"step,omitempty"`
	Reason  string `json:"reason,omitempty"` // of a failure or a skip
	Attempt int    `json:"attempt"`          // counts from 1; 0 before the first

	// Offered is when the attempt was offered to builders; nil while it waits for its turn.
	Offered *time.Time `json:"offered,omitempty"`
	// Builder holds the task; Delivery counts how often the attempt was handed to one, so that who lost it is known.
	Builder  string     `json:"builder,omitempty"`
	Delivery int        `json:"delivery,omitempty"`
	Started  *time.Time `json:"started,omitempty"`
	Ended    *time.Time `json:"ended,omitempty"`

	Result   *Result `json:"result,omitempty"`   // once a builder has delivered
	Promoted bool    `json:"promoted,omitempty"` // in stable, too
}

// Chroot returns the record of c; nil where the build does not have it.
func (b *Build) Chroot(c Chroot) *BuildChroot {
	for i := range b.Chroots {
		if b.Chroots[i].Chroot == c {
			return &b.Chroots[i]
		}
	}
	return nil
}

// Summary is the state of the whole: importing as long as there is no source package, running while any chroot is under way,
// then failed before canceled before succeeded before skipped.
func (b *Build) Summary() State {
	if len(b.Chroots) == 0 {
		return b.State
	}
	has := map[State]bool{}
	for _, c := range b.Chroots {
		has[c.State] = true
	}
	for _, s := range []State{Importing, Running, Starting, Pending, Waiting, Failed, Canceled, Succeeded, Forked} {
		if has[s] {
			return s
		}
	}
	return Skipped
}

// Dir is the build's directory in each of its chroots: 00000042-criu.
func (b *Build) Dir() string { return fmt.Sprintf("%08d-%s", b.ID, b.Package) }

// File is one file by its content.
type File struct {
	Name   string `json:"name"` // one path element
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // lower-case hex
}

// IsZero reports whether f names no file.
func (f File) IsZero() bool { return f == File{} }

// Channel is where packages are offered.
type Channel string

// The channels. Testing is the directory owner/name:testing beside the project, as COPR names directories.
const (
	Testing Channel = "testing"
	Stable  Channel = "stable"
)

// Directory is the project's directory of the results tree that holds a channel.
func (c Channel) Directory(p ProjectName) string {
	if c == Testing {
		return p.String() + ":testing"
	}
	return p.String()
}
