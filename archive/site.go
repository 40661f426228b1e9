package archive

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/time/rate"

	"mirrorctl/internal/durable"
	"mirrorctl/mirror"
)

// Site is where an Archiver works and how. Zero durations and limits mean their defaults,
// except for Grace, Quiet and Retention, where zero means zero.
type Site struct {
	Root  string // the directory of the active trees; must exist
	Dir   string // the state directory: jobs/ and locks/ lie below it
	Store Store  // must have Documents
	State mirror.StateStore
	// Followers are the running servers; nil where there are none.
	Followers mirror.Followers
	// Prober fetches objects as clients do; nil where the archive has no URL. Then nothing is pruned.
	Prober Prober

	Grace     time.Duration // from published to the first moment a tree may leave the root
	Quiet     time.Duration // without an answer from the root, before a tree leaves it
	Retention time.Duration // from the trash to the purge
	ProofAge  time.Duration // how old a proof may be when a tree is trashed; default 7 days
	AckWait   time.Duration // how long to wait for servers to follow; default 30 s

	Workers   int   // files in flight; default twice the CPUs and four more
	Bandwidth int64 // bytes a second read from the root while copying; 0 = no limit

	Now      func() time.Time // default time.Now
	Progress *Progress        // what a UI polls; may be nil
}

// Archiver runs jobs of one site. Its methods may be called concurrently; those for one
// release exclude each other by the release's lock.
type Archiver struct {
	site  Site
	root  *os.Root
	docs  Documents
	limit *rate.Limiter // nil where there is no limit
	prog  *Progress
}

// Open opens a site. The root and the state directory must exist: a mount that is missing
// must not be mistaken for an empty mirror.
func Open(s Site) (*Archiver, error) {
	docs, ok := s.Store.(Documents)
	if !ok {
		return nil, fmt.Errorf("archive store %T cannot keep documents under compare-and-swap", s.Store)
	}
	root, err := os.OpenRoot(s.Root)
	if err != nil {
		return nil, fmt.Errorf("open root: %w", err)
	}
	s.ProofAge = cmp.Or(s.ProofAge, 7*24*time.Hour)
	s.AckWait = cmp.Or(s.AckWait, 30*time.Second)
	s.Workers = cmp.Or(s.Workers, 2*runtime.GOMAXPROCS(0)+4)
	a := &Archiver{site: s, root: root, docs: docs, prog: cmp.Or(s.Progress, &Progress{})}
	if s.Bandwidth > 0 {
		a.limit = rate.NewLimiter(rate.Limit(s.Bandwidth), copyBuffer)
	}
	return a, nil
}

// Close closes the root.
func (a *Archiver) Close() error { return a.root.Close() }

func (a *Archiver) now() time.Time {
	if a.site.Now != nil {
		return a.site.Now().UTC()
	}
	return time.Now().UTC()
}

func (a *Archiver) jobsDir() string          { return filepath.Join(a.site.Dir, "jobs") }
func (a *Archiver) jobDir(job string) string { return filepath.Join(a.jobsDir(), job) }

// errNotInRoot is fs.ErrNotExist in words.
var errNotInRoot = fmt.Errorf("not in the root: %w", fs.ErrNotExist)

// statRoot is lstat of one path below the root.
func (a *Archiver) statRoot(p mirror.Path) (Entry, error) {
	d, err := durable.OpenDir(a.root, p.Dir().FS())
	if err != nil {
		return Entry{}, err
	}
	defer d.Close()
	name := p.Base()
	if p == "" {
		name = "."
	}
	st, err := d.Stat(name)
	if err != nil {
		return Entry{}, err
	}
	e := entryOf(p, File, st)
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		e.Type = Dir
	case unix.S_IFLNK:
		e.Type = Symlink
		if e.Target, err = d.Readlink(name); err != nil {
			return Entry{}, err
		}
	case unix.S_IFREG:
		e.Size = st.Size
	default:
		return Entry{}, fmt.Errorf("%s is a device, socket or fifo", p)
	}
	return e, nil
}

// sleep waits for d or the end of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func sortEntries(all []Entry) {
	slices.SortFunc(all, func(a, b Entry) int { return cmpPath(a.Path, b.Path) })
}

func cmpPath(a, b mirror.Path) int { return strings.Compare(string(a), string(b)) }
