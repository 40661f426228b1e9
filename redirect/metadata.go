package redirect

import (
	"time"

	"mirrorctl/mirror"
)

// File is what a metalink says of one version of a file. What is zero is left out of it.
type File struct {
	Timestamp int64 // of a repomd.xml: the newest <timestamp> in it (yum compares); else its mtime
	Size      int64 // bytes
	MD5       string
	SHA1      string
	SHA256    string
	SHA512    string // hex, lower case, as all four
}

// hashed reports whether a client could check anything by f.
func (f *File) hashed() bool { return f.MD5 != "" || f.SHA1 != "" || f.SHA256 != "" || f.SHA512 != "" }

// Generation is one version of a repomd.xml.
type Generation struct {
	File
	Since time.Time // when it came into service here. Optional: its Timestamp
}

// inService is when g came into service.
func (g *Generation) inService() time.Time {
	if g.Since.IsZero() {
		return time.Unix(g.Timestamp, 0)
	}
	return g.Since
}

// Entry is what lies at a path.
type Entry struct {
	Dir  bool
	File File // of a file; without hashes where nobody knows them
}

// Metadata knows the files of the root and of the archive. It answers from memory, within a
// request, and what it returns never changes.
type Metadata interface {
	// Generations are the versions of dir/repodata/repomd.xml, newest first: the one that is served
	// now, then those kept. None where dir holds no repository that is served.
	Generations(dir mirror.Path, archive bool) []Generation

	// Entry tells what lies at p; false where nothing does.
	Entry(p mirror.Path, archive bool) (Entry, bool)
}

// Window says how long a replaced repomd.xml stays in metalinks as an alternate.
type Window struct {
	// Propagation is the time in which mirrors pick up a change, and so how old the newest
	// generation is when the one before it may go. 0: DefaultWindow's.
	Propagation time.Duration
	// Stale is the age from which a generation counts as too old. 0: DefaultWindow's.
	Stale time.Duration
}

// DefaultWindow is MirrorManager's.
var DefaultWindow = Window{Propagation: 2 * 24 * time.Hour, Stale: 3 * 24 * time.Hour}

// Alternates cuts kept, newest first, to the newest and the alternates that a metalink may name
// at now. The newest is named always; the one before it while the newest is younger than
// Propagation, however old it is itself, for a repository that changes once a year has mirrors
// that hold last year's; any other until it is Stale. A longer window would let a host replay what
// was withdrawn. MirrorManager counts ages from the timestamps inside; here they count from when a
// generation came into service, since what was synced three days late has yet to reach the mirrors.
func (w Window) Alternates(kept []Generation, now time.Time) []Generation {
	if w.Propagation == 0 {
		w.Propagation = DefaultWindow.Propagation
	}
	if w.Stale == 0 {
		w.Stale = DefaultWindow.Stale
	}
	if len(kept) < 2 {
		return kept
	}
	exempt := 2
	if now.Sub(kept[0].inService()) > w.Propagation {
		exempt = 1
	}
	named := kept[:exempt:exempt]
	for _, g := range kept[exempt:] {
		if now.Sub(g.inService()) <= w.Stale {
			named = append(named, g)
		}
	}
	return named
}
