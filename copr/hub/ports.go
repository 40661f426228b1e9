package hub

import (
	"context"

	"mirrorctl/copr"
	"mirrorctl/mirror"
)

// What Hub needs of others. Errors that wrap copr.ErrRefused are about the build: it fails with them. Any other is a trouble of
// the hub's: the step is tried again.

// Ledger keeps the records of builds; copr/queue has it.
type Ledger interface {
	// Create records a build and gives it its number.
	Create(ctx context.Context, b *copr.Build) error
	// Get returns a record of the caller's own; the error wraps fs.ErrNotExist where there is none.
	Get(ctx context.Context, id uint64) (*copr.Build, error)
	// Update changes a record by compare-and-swap: change may be asked several times. Its error is returned, and nothing is kept.
	Update(ctx context.Context, id uint64, change func(*copr.Build) error) error
	// List returns records, newest first. They are shared: read only.
	List(q copr.Query) []*copr.Build
	// Watch tells of every build that changes, until ctx ends; changes in a row may be one.
	Watch(ctx context.Context) <-chan *copr.Build
}

// Importer makes the source package of a build.
type Importer interface {
	Import(ctx context.Context, p copr.Project, pkg copr.Package, b copr.Build) (Imported, error)
}

// Imported is what came of an import.
type Imported struct {
	Spec    copr.File // zero where the order names a source package
	SRPM    copr.File
	EVR     string
	Names   []string      // of the binary packages that the spec declares
	Sources []copr.Source // with the hashes that were seen
}

// Inbox holds what builders delivered.
type Inbox interface {
	// Dir is the directory of a delivery.
	Dir(build uint64, c copr.Chroot, attempt int) string
	// Forget removes what a build left in the inbox, once it has ended.
	Forget(build uint64) error
}

// Checker says whether packages fit their chroot.
type Checker interface {
	Check(ctx context.Context, p copr.Project, b copr.Build, c copr.BuildChroot, dir string) (copr.Report, error)
}

// Signer signs the packages of a delivery and checks every one of them as a client would.
type Signer interface {
	// Sign puts the signed packages of in into out, beside their provenance.
	Sign(ctx context.Context, p copr.Project, b copr.Build, c copr.BuildChroot, in, out string) error
}

// Tree is the published tree. Every method may be repeated, and repairs what was left by one that was cut short.
type Tree interface {
	// PublishAll puts what the directories hold into the repositories of their chroots, all of it before the first brings out
	// a new generation of its metadata.
	PublishAll(ctx context.Context, p copr.Project, ch copr.Channel, b copr.Build, dirs map[copr.Chroot]string) error
	// Record keeps the log and the results of a chroot that failed, and touches no repository.
	Record(ctx context.Context, p copr.Project, ch copr.Channel, b copr.Build, c copr.BuildChroot, dir string) error
	// Promote puts a chroot of a build that is in testing into stable, too.
	Promote(ctx context.Context, p copr.Project, b copr.Build, c copr.Chroot) error
	// Keep takes all but the given builds of a package out of a chroot's repository.
	Keep(ctx context.Context, p copr.Project, ch copr.Channel, c copr.Chroot, pkg string, builds []uint64) error
}

// Releases says what state the trees of a chroot are in: an archived one is built for no more.
type Releases interface {
	State(r mirror.Release) mirror.State
}
