package hot

import (
	"bytes"
	"io"
	"sync/atomic"
	"time"
)

// An Object is one file of one generation. It is immutable but for where its bytes lie.
type Object struct {
	Name         string // relative to the file system of Load
	Size         int64
	ModTime      time.Time // of the file when it was loaded
	SHA256       [32]byte
	ETag         string // strong: the SHA-256 in quotes
	LastModified string // ModTime as HTTP writes it
	Immutable    bool   // the name says the content: it will never be another
	Generation   *Generation

	body *body
	memo atomic.Value
}

// Memo is what SetMemo kept with the object; nil if nothing. A server keeps there what it derives
// from an object once and needs at every request, such as its headers.
func (o *Object) Memo() any { return o.memo.Load() }

// SetMemo keeps a value, always of one type, as long as the object lives.
func (o *Object) SetMemo(v any) { o.memo.Store(v) }

// Bytes is the content, if it is in memory, and nil if it is not: then Open it. The caller
// must not change it.
func (o *Object) Bytes() []byte { return o.body.inMemory() }

// Open gives the content, from memory or from a file. It may bring the file back into
// memory. What it reads was verified; where the kept file is gone or damaged the error says so,
// Lookup no longer finds the object, and the next Load of its repository repairs it.
//
// An Object of a generation that was pruned meanwhile may be fs.ErrNotExist.
func (o *Object) Open() (io.ReadSeekCloser, error) { return o.body.open() }

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }
