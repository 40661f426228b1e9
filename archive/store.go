package archive

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"

	"mirrorctl/mirror"
)

// Store keeps archived files, under the paths that they had in the root. It must be safe
// for concurrent use.
type Store interface {
	// Put stores what src yields as e.Path, complete and durable when it returns nil. Only src
	// knows whether its bytes are right: it ends with io.EOF when they are, and with any other
	// error the store must keep nothing. Symlinks have no src. Parents are made as needed.
	//
	// An existing object is never replaced: the error wraps fs.ErrExist. After any other error
	// the object may be there or not, but never in part (a lost answer is such an error).
	// job marks whatever Put leaves behind when it is interrupted; see Undoer.
	Put(ctx context.Context, job string, e Entry, src Source) error

	// Open reads an object from its first byte. A missing one wraps fs.ErrNotExist.
	Open(ctx context.Context, p mirror.Path) (io.ReadCloser, error)

	// Stat asks the store, not a cache, what it holds at p: fs.ErrNotExist where nothing.
	Stat(ctx context.Context, p mirror.Path) (Object, error)

	// List yields everything at and below prefix, a directory before what it holds; nothing
	// where there is nothing. Temporary names and the store's own (.mirrorctl) are left out.
	List(ctx context.Context, prefix mirror.Path) iter.Seq2[Object, error]
}

// Object is what a Store says of something it holds.
type Object struct {
	Path   mirror.Path
	Type   Type
	Size   int64  // of a File
	MTime  int64  // nanoseconds since 1970; 0 where the store does not know
	Target string // of a Symlink
	Sum    Sum    // zero where the store does not know it without reading
	// Inode tells names of one stored file from copies of it; 0 where there is no such thing.
	Inode uint64
}

// Source is the content of one file on its way into a Store.
type Source interface {
	// Read returns io.EOF only after all bytes were read and found to be the right ones.
	io.Reader
	// File is the open source, or nil. A store on the same filesystem may clone or link it, but
	// must still Read to the end before the object appears under its name.
	File() *os.File
}

// Documents is the ability to keep small documents under compare-and-swap. Every store
// that is archived to must have it: the job's head document is the fence between operators.
type Documents interface {
	// Load returns a document and its tag; fs.ErrNotExist where there is none.
	Load(ctx context.Context, p mirror.Path) (data []byte, tag string, err error)
	// Swap replaces the document that has tag, durably, or makes a new one where tag is "". It returns
	// ErrMoved, and changes nothing, when the document has another tag.
	Swap(ctx context.Context, p mirror.Path, tag string, data []byte) (newTag string, err error)
}

// ErrMoved is returned by Documents.Swap when someone else has swapped first.
var ErrMoved = errors.New("document changed by someone else")

// Linker is the ability to give a stored object a second name. A store without it keeps
// the content of a hard-link group once for each name; the manifest knows them for one.
type Linker interface {
	// Link makes e.Path another name of e.HardLink. The error wraps fs.ErrExist where e.Path is taken.
	Link(ctx context.Context, job string, e Entry) error
}

// Directories is the ability to keep directories with mode and time of their own.
type Directories interface {
	// Finish makes the directories that are missing and gives all their modes and times, durably.
	// It is called after everything below them is in place, deepest first.
	Finish(ctx context.Context, dirs []Entry) error
}

// Fresh is the ability to read what is really stored rather than what a cache remembers.
type Fresh interface {
	OpenFresh(ctx context.Context, p mirror.Path) (io.ReadCloser, error)
}

// Undoer is the ability to take back what an unpublished job has made. Nothing else in this
// package removes anything from a store.
type Undoer interface {
	// Remove takes away a file, a symlink or an empty directory. Absence is no error; a directory
	// that is not empty is left, without an error.
	Remove(ctx context.Context, o Object) error
	// Sweep takes away what interrupted Puts of this job left in these directories.
	Sweep(ctx context.Context, job string, dirs []mirror.Path) error
}

// Capacity is the ability to say how much more would fit.
type Capacity interface {
	// Free is how many bytes and how many more files a user may store; -1 where unknown.
	Free(ctx context.Context) (bytes, files int64, err error)
}

// Local is the ability to say which local directory a store is, so that a root inside its
// own archive is refused.
type Local interface {
	LocalDir() string
}

// Exclusive is the ability to hold a release against every other archiver of this store,
// also one with another state directory. The hold ends with Close, or with the process.
type Exclusive interface {
	Hold(ctx context.Context, release mirror.Release) (io.Closer, error)
}

// absent reports whether err says that there is nothing.
func absent(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// exists reports whether err says that a name is taken.
func exists(err error) bool { return errors.Is(err, fs.ErrExist) }
