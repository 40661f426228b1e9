package copr

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Task is one attempt at one chroot of a build: all that a builder is told.
type Task struct {
	Build   uint64 `json:"build"`
	Chroot  Chroot `json:"chroot"`
	Attempt int    `json:"attempt"`
	// Delivery is which handing-over of the attempt this is; the hub counts it when a builder takes the task, 0 before.
	Delivery int         `json:"delivery,omitempty"`
	Project  ProjectName `json:"project"`
	Package  string      `json:"package"`
	EVR      string      `json:"evr"` // the source package's

	SRPM    File          `json:"srpm"`
	Profile Profile       `json:"profile"`
	Timeout time.Duration `json:"timeout"`
	// Epoch is SOURCE_DATE_EPOCH, in seconds: equal sources make equal packages.
	Epoch int64 `json:"epoch"`
	// Twice builds a second time in another directory and compares.
	Twice bool `json:"twice,omitempty"`
	// Gate names what proves the result; Script is the package's own, which runs in the installed root.
	Gate   string `json:"gate,omitempty"`
	Script string `json:"script,omitempty"`
}

// ID names the attempt: 42/epel-9-x86_64/1.
func (t Task) ID() string { return fmt.Sprintf("%d/%s/%d", t.Build, t.Chroot, t.Attempt) }

// ErrLost is wrapped by every answer to a builder that does not hold the task it speaks of: it was canceled, given to
// another, or has its result already. Nothing that the builder does will change that.
var ErrLost = errors.New("the task is not this builder's any more")

// Profile is how packages for a chroot are written, so that its rpm reads them.
type Profile struct {
	// Macros are defined for rpmbuild: dist, _rpmformat, _binary_payload, _buildhost …
	Macros map[string]string `json:"macros,omitempty"`
	// GLIBC is the newest symbol version that the target's libc has, "2.34"; "" leaves it unchecked.
	GLIBC string `json:"glibc,omitempty"`
	// Compression of the repodata (gz, zst), and whether sqlite databases are made, too.
	Compression string `json:"compression,omitempty"`
	// Hash of signatures: sha256, sha512.
	Hash string `json:"hash,omitempty"`
}

// A Builder turns a source package into binary packages for one chroot. It is told nothing of signing or publishing and
// has no key.
type Builder interface {
	// Name says which builder this is: rpmbuild, mock.
	Name() string
	// Build rebuilds w.SRPM and leaves the packages, and nothing else, in w.Results. Exit is that of the build command, 128+n
	// where signal n ended it. The error is for a builder that could not do its work: the task is then given to another. A
	// package that does not build is no error: Exit tells. When ctx ends, every process of the build is gone before Build
	// returns.
	Build(ctx context.Context, t Task, w Workspace) (Outcome, error)
}

// Workspace is where a Builder works. The directories exist and are empty.
type Workspace struct {
	SRPM    string    // the source package
	Results string    // takes the packages
	Scratch string    // for whatever else; removed afterwards
	Log     io.Writer // the build's output, as it comes
}

// Outcome is what a Builder says of one build.
type Outcome struct {
	Exit      int      `json:"exit"`
	Reason    string   `json:"reason,omitempty"` // why it failed, in one line
	Buildroot []string `json:"buildroot"`        // what was installed: NEVRAs, or name=version of another packager
	Root      string   `json:"root"`             // what the buildroot is, in words: "Debian 12, the host's toolchain"
}

// Result is what a builder delivers for a task.
type Result struct {
	Outcome
	Builder      string        `json:"builder"` // name of the machine or process
	Kind         string        `json:"kind"`    // Builder.Name
	Host         string        `json:"host"`    // kernel and architecture
	Started      time.Time     `json:"started"`
	Ended        time.Time     `json:"ended"`
	Files        []File        `json:"files"` // packages and logs, sorted by name
	Reproducible *Reproduced   `json:"reproducible,omitempty"`
	Gates        []Report      `json:"gates,omitempty"`
	Took         time.Duration `json:"took"`
}

// Reproduced compares two builds of one source.
type Reproduced struct {
	Same    bool     `json:"same"`
	Differs []string `json:"differs,omitempty"` // names of files
}
