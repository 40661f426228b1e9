package dock

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"mirrorctl/copr"
	"mirrorctl/internal/durable"
)

const (
	resultName = "result.json"
	maxResult  = 64 << 10 // it goes into the record
)

// Deliver hands over the files of r, which lie in dir, and r itself.
func (b *Builder) Deliver(ctx context.Context, t copr.Task, r copr.Result, dir string) error {
	for _, want := range r.Files {
		if err := b.putFile(ctx, t, want, dir); errors.Is(err, ErrDuplicate) {
			break // the very same, perhaps: accept tells
		} else if err != nil {
			return err
		}
	}
	return b.accept(ctx, t, r)
}

func (b *Builder) putFile(ctx context.Context, t copr.Task, want copr.File, dir string) error {
	if err := checkName(want.Name); err != nil {
		return err
	}
	f, err := os.Open(filepath.Join(dir, want.Name))
	if err != nil {
		return err
	}
	defer f.Close() // read only
	return b.put(ctx, t, want, f)
}

// accept makes what was put a result:
//
//	read every file back → result.json → rename to the inbox, which replaces nothing → the record
//
// The rename decides. Whoever is killed before it has delivered nothing; after it the record follows, by this call or
// the same one again, by the next builder's Hold, or by Recover.
func (b *Builder) accept(ctx context.Context, t copr.Task, r copr.Result) error {
	r.Builder = b.name
	r.Reason = line(r.Reason)
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("deliver task %s: %w", t.ID(), err)
	}
	if len(data) > maxResult {
		return fmt.Errorf("deliver task %s: the result has %d bytes, at most %d are kept: %w", t.ID(), len(data), maxResult, ErrBad)
	}
	switch _, err := b.check(ctx, t); {
	case errors.Is(err, copr.ErrLost):
		return b.again(t, data, err)
	case err != nil:
		return err
	}
	from := b.dock.handed("upload", t)
	if len(r.Files) == 0 {
		if err := durable.MkdirAll(from, 0o750); err != nil {
			return fmt.Errorf("deliver task %s: %w", t.ID(), err)
		}
	}
	if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
		if err := b.again(t, data, errIncomplete); err != nil {
			return err
		}
		return lost(b, t, b.dock.adopt(ctx, t.Build, t.Chroot, t.Attempt))
	}
	if err := complete(from, r); err != nil {
		return fmt.Errorf("deliver task %s: %w", t.ID(), err)
	}
	if err := durable.WriteFile(filepath.Join(from, resultName), data, 0o640); err != nil {
		return fmt.Errorf("deliver task %s: %w", t.ID(), err)
	}
	if err := b.dock.move(from, t, data); err != nil {
		return lost(b, t, err)
	}
	return lost(b, t, b.dock.adopt(ctx, t.Build, t.Chroot, t.Attempt))
}

// again answers a builder that delivers what may be delivered already: nil where it is the very same, else why.
func (b *Builder) again(t copr.Task, data []byte, why error) error {
	have, err := os.ReadFile(filepath.Join(b.dock.Inbox(t.Build, t.Chroot, t.Attempt), resultName))
	if err == nil && bytes.Equal(have, data) {
		return nil
	}
	return fmt.Errorf("deliver task %s: %w", t.ID(), why)
}

// move is the commit. An attempt that has a result already keeps it.
func (d *Dock) move(from string, t copr.Task, data []byte) error {
	d.commit.Lock()
	defer d.commit.Unlock()
	to := d.Inbox(t.Build, t.Chroot, t.Attempt)
	if err := durable.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return err
	}
	err := durable.Rename(from, to)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	have, err := os.ReadFile(filepath.Join(to, resultName))
	if err != nil {
		return err
	}
	if !bytes.Equal(have, data) {
		return errors.Join(ErrDuplicate, os.RemoveAll(from))
	}
	return os.RemoveAll(from)
}
