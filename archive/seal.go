package archive

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"mirrorctl/internal/durable"
)

// seal writes the manifest, in the state directory first and then in the store, and
// gives the archive's directories their modes and times, now that nothing moves below them.
func (r *run) seal(ctx context.Context) error {
	entries := slices.Clone(r.plan)
	for i := range entries {
		e := &entries[i]
		if e.Type != File {
			continue
		}
		put, ok := r.put[e.Path]
		if !ok {
			return fmt.Errorf("seal manifest: %s was not stored", e.Path)
		}
		e.Sum, e.Accepted = put.Sum, put.Accepted
	}
	data, sum, err := encodeManifest(entries)
	if err != nil {
		return fmt.Errorf("seal manifest: %w", err)
	}
	if err := checkLinks(entries); err != nil {
		return err
	}
	if err := durable.Replace(filepath.Join(r.a.jobDir(r.id), manifestName(sum)), data, 0o644); err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	if err := r.keep(ctx, manifestName(sum), data); err != nil {
		return err
	}
	if d, ok := r.a.site.Store.(Directories); ok {
		if err := d.Finish(ctx, directories(entries)); err != nil {
			return fmt.Errorf("finish directories of the archive: %w", err)
		}
	}
	return r.advance(ctx, Copied, recCopied, copiedRecord{Manifest: sum})
}

// directories are the directories among entries, deepest first.
func directories(entries []Entry) []Entry {
	var dirs []Entry
	for _, e := range slices.Backward(entries) {
		if e.Type == Dir {
			dirs = append(dirs, e)
		}
	}
	return dirs
}
