//go:build linux

package understudy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mirrorctl/internal/durable"
	"mirrorctl/test/fault/fixture"
)

// archive copies the release and publishes it.
func (s *study) archive() error {
	if err := s.enter("archiving"); err != nil {
		return err
	}
	if s.flaw == "publish early" {
		if err := s.enter("archived"); err != nil {
			return err
		}
	}
	if err := s.copyTrees(s.root, s.store, fixture.Trees, func(path string) error { return s.append("put", path) }); err != nil {
		return err
	}
	return s.enter("archived")
}

func (s *study) trash(tree string) string { return filepath.Join(s.root, ".mirrorctl-trash/1", tree) }

// prune moves the trees to the trash, says so, and empties it.
func (s *study) prune(phase string) error {
	if phase == "pruned" {
		return s.purge()
	}
	if err := s.rememberParents(); err != nil {
		return err
	}
	for _, tree := range fixture.Trees {
		public := filepath.Join(s.root, tree)
		if s.flaw == "unlink in public" {
			if err := os.RemoveAll(public); err != nil {
				return err
			}
			continue
		}
		if err := rename(public, s.trash(tree)); err != nil {
			return err
		}
	}
	if s.flaw == "unlink first" {
		if err := os.RemoveAll(filepath.Join(s.store, fixture.Trees[0])); err != nil {
			return err
		}
	}
	if err := s.enter("pruned"); err != nil {
		return err
	}
	return s.purge()
}

func (s *study) purge() error {
	if s.keep {
		return nil
	}
	return errors.Join(os.RemoveAll(filepath.Join(s.root, ".mirrorctl-trash")), durable.SyncDir(s.root))
}

// rename moves a tree, if it is still there, durably.
func rename(from, to string) error {
	if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
		err := durable.SyncDir(filepath.Dir(from)) // the rename is seen and may not be durable
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return errors.Join(durable.SyncDir(filepath.Dir(to)), err)
	}
	if err := durable.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return durable.Rename(from, to)
}

// restore brings the trees back from the trash, or rebuilds them from the archive.
func (s *study) restore(phase string) error {
	if phase == "active" {
		return fmt.Errorf("%s is active: %w", fixture.Release, fs.ErrNotExist)
	}
	if err := s.enter("restoring"); err != nil {
		return err
	}
	from := func(tree string) string { return s.trash(tree) }
	if !s.keep {
		from = func(tree string) string { return filepath.Join(s.root, ".mirrorctl-restore", tree) }
		if err := s.rebuild(); err != nil {
			return err
		}
	}
	for _, tree := range fixture.Trees {
		if err := rename(from(tree), filepath.Join(s.root, tree)); err != nil {
			return err
		}
	}
	if err := errors.Join(os.RemoveAll(filepath.Join(s.root, ".mirrorctl-restore")), s.recallParents()); err != nil {
		return err
	}
	return errors.Join(s.enter("active"), os.RemoveAll(s.rebuilt()))
}

func (s *study) rebuilt() string { return filepath.Join(s.state, "rebuilt") }

// rebuild copies all trees back before the first of them is shown: were they shown one by one, a crash
// between two would cost the hard links across them.
func (s *study) rebuild() error {
	if _, err := os.Stat(s.rebuilt()); err == nil {
		return nil
	}
	var missing []string
	for _, tree := range fixture.Trees {
		if _, err := os.Lstat(filepath.Join(s.root, tree)); err != nil {
			missing = append(missing, tree)
		}
	}
	err := s.copyTrees(s.store, filepath.Join(s.root, ".mirrorctl-restore"), missing, func(string) error { return nil })
	if err != nil {
		return err
	}
	return durable.WriteFile(s.rebuilt(), nil, 0o644)
}

// abort takes back what is not published.
func (s *study) abort(phase string) error {
	if phase != "archiving" {
		return nil
	}
	if err := s.append("aborting", ""); err != nil {
		return err
	}
	if s.flaw != "half abort" {
		entries, err := os.ReadDir(s.store)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := os.RemoveAll(filepath.Join(s.store, e.Name())); err != nil {
				return err
			}
		}
		if err := durable.SyncDir(s.store); err != nil {
			return err
		}
	}
	return s.enter("active")
}

// parents are the directories above the trees, deepest first.
func (s *study) parents() []string {
	var all []string
	for _, tree := range fixture.Trees {
		for dir := filepath.Dir(tree); dir != "."; dir = filepath.Dir(dir) {
			all = append(all, dir)
		}
	}
	slices.SortFunc(all, func(a, b string) int { return strings.Compare(b, a) })
	return slices.Compact(all)
}

// rememberParents notes the times that the parents have before a tree leaves them; once.
func (s *study) rememberParents() error {
	name := filepath.Join(s.state, "parents.json")
	if _, err := os.Stat(name); err == nil {
		return nil
	}
	times := map[string]time.Time{}
	for _, dir := range s.parents() {
		info, err := os.Stat(filepath.Join(s.root, dir))
		if err != nil {
			return err
		}
		times[dir] = info.ModTime()
	}
	data, err := json.Marshal(times)
	if err != nil {
		return err
	}
	return durable.WriteFile(name, data, 0o644)
}

func (s *study) recallParents() error {
	data, err := os.ReadFile(filepath.Join(s.state, "parents.json"))
	if err != nil || s.flaw == "no parents" {
		return err
	}
	times := map[string]time.Time{}
	if err := json.Unmarshal(data, &times); err != nil {
		return err
	}
	for _, dir := range s.parents() {
		path := filepath.Join(s.root, dir)
		if err := errors.Join(os.Chtimes(path, times[dir], times[dir]), durable.SyncDir(path)); err != nil {
			return err
		}
	}
	return nil
}
