package archivetest

import (
	"context"
	"errors"
	"io"
	"iter"

	"mirrorctl/archive"
	"mirrorctl/mirror"
)

// ErrInjected is what injected faults return.
var ErrInjected = errors.New("injected fault")

// Hook is asked before and after each call to a store. Before: an error means that the call is
// not made. After: an error means that it was made, and that its answer was lost.
type Hook func(op string, p mirror.Path, after bool) error

// Full is a store with every ability.
type Full interface {
	archive.Store
	archive.Documents
	archive.Linker
	archive.Directories
	archive.Fresh
	archive.Undoer
	archive.Capacity
	archive.Local
	archive.Exclusive
}

// Basic is a store with the abilities of a bucket.
type Basic interface {
	archive.Store
	archive.Documents
	archive.Undoer
}

// Wrap puts a hook around a store of a bucket's abilities.
func Wrap(s Basic, hook Hook) Basic { return &basic{s, hook} }

// WrapFull puts a hook around a store of all abilities.
func WrapFull(s Full, hook Hook) Full { return &full{basic{s, hook}, s} }

type basic struct {
	inner Basic
	hook  Hook
}

func (b *basic) call(op string, p mirror.Path, f func() error) error {
	if err := b.hook(op, p, false); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	return b.hook(op, p, true)
}

func (b *basic) Put(ctx context.Context, job string, e archive.Entry, src archive.Source) error {
	return b.call("put", e.Path, func() error { return b.inner.Put(ctx, job, e, src) })
}

func (b *basic) Open(ctx context.Context, p mirror.Path) (r io.ReadCloser, err error) {
	err = b.call("open", p, func() error { r, err = b.inner.Open(ctx, p); return err })
	return r, err
}

func (b *basic) Stat(ctx context.Context, p mirror.Path) (o archive.Object, err error) {
	err = b.call("stat", p, func() error { o, err = b.inner.Stat(ctx, p); return err })
	return o, err
}

func (b *basic) List(ctx context.Context, prefix mirror.Path) iter.Seq2[archive.Object, error] {
	return func(yield func(archive.Object, error) bool) {
		if err := b.hook("list", prefix, false); err != nil {
			yield(archive.Object{}, err)
			return
		}
		b.inner.List(ctx, prefix)(yield)
	}
}

func (b *basic) Load(ctx context.Context, p mirror.Path) (data []byte, tag string, err error) {
	err = b.call("load", p, func() error { data, tag, err = b.inner.Load(ctx, p); return err })
	return data, tag, err
}

func (b *basic) Swap(ctx context.Context, p mirror.Path, tag string, data []byte) (next string, err error) {
	err = b.call("swap", p, func() error { next, err = b.inner.Swap(ctx, p, tag, data); return err })
	return next, err
}

func (b *basic) Remove(ctx context.Context, o archive.Object) error {
	return b.call("remove", o.Path, func() error { return b.inner.Remove(ctx, o) })
}

func (b *basic) Sweep(ctx context.Context, job string, dirs []mirror.Path) error {
	return b.call("sweep", "", func() error { return b.inner.Sweep(ctx, job, dirs) })
}

type full struct {
	basic
	inner Full
}

func (f *full) Link(ctx context.Context, job string, e archive.Entry) error {
	return f.call("link", e.Path, func() error { return f.inner.Link(ctx, job, e) })
}

func (f *full) Finish(ctx context.Context, dirs []archive.Entry) error {
	return f.call("finish", "", func() error { return f.inner.Finish(ctx, dirs) })
}

func (f *full) OpenFresh(ctx context.Context, p mirror.Path) (r io.ReadCloser, err error) {
	err = f.call("open", p, func() error { r, err = f.inner.OpenFresh(ctx, p); return err })
	return r, err
}

func (f *full) Free(ctx context.Context) (int64, int64, error) { return f.inner.Free(ctx) }
func (f *full) LocalDir() string                               { return f.inner.LocalDir() }
func (f *full) Hold(ctx context.Context, r mirror.Release) (io.Closer, error) {
	return f.inner.Hold(ctx, r)
}
