package site

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"mirrorctl/internal/config"
	"mirrorctl/mirror"
	"mirrorctl/mirror/index"
)

// Look makes the View of a configuration for a command: the root is scanned now, beginning from the index that
// the service keeps; nothing is written and no metadata is loaded.
func Look(ctx context.Context, cfg *config.Config) (_ *View, err error) {
	root, err := os.OpenRoot(cfg.Root)
	if err != nil {
		return nil, fmt.Errorf("open the root: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	doc, err := loadDocument(ctx, cfg.State)
	if err != nil {
		return nil, err
	}
	kept, err := index.Load(filepath.Join(cfg.State, "index"))
	if err != nil {
		kept = nil // it is made anew from the root, which is the truth
	}
	x, _, err := index.Scan(ctx, root, kept, index.Options{})
	if err != nil {
		return nil, err
	}
	return compile(cfg, doc, x, root, func() []*tree { return nil })
}

// loadDocument reads the state document; a state directory that was never used holds an empty one.
func loadDocument(ctx context.Context, dir string) (*mirror.Document, error) {
	if _, err := os.Stat(filepath.Join(dir, "state.json")); errors.Is(err, os.ErrNotExist) {
		return &mirror.Document{Format: mirror.DocumentFormat}, nil
	}
	state, err := mirror.OpenFileState(dir)
	if err != nil {
		return nil, err
	}
	doc, err := state.Load(ctx)
	return doc, errors.Join(err, state.Close())
}
