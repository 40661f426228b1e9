package dock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"mirrorctl/copr"
)

// Source writes the source package to w.
func (b *Builder) Source(ctx context.Context, t copr.Task, w io.Writer) error {
	f, err := b.source(ctx, t)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("source of task %s: %w", t.ID(), err)
	}
	return nil
}

// source opens what the record names; what the task says of it is the builder's word.
func (b *Builder) source(ctx context.Context, t copr.Task) (*os.File, error) {
	r, err := b.check(ctx, t)
	if err != nil {
		return nil, err
	}
	if err := checkName(r.SRPM.Name); err != nil {
		return nil, fmt.Errorf("source of task %s: %w", t.ID(), err)
	}
	f, err := os.Open(filepath.Join(b.dock.dir, "srpm", strconv.FormatUint(r.ID, 10), r.SRPM.Name))
	if err != nil {
		return nil, fmt.Errorf("source of task %s: %w", t.ID(), err)
	}
	return f, nil
}
