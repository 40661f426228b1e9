package upstream

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const placeholder = "{version}"

// look reads the versions of the files in dir that match pattern. The directory lies below an allowed one, and no link
// leads out of it.
func (w *Watcher) look(dir, pattern string) ([]string, error) {
	before, after, ok := strings.Cut(pattern, placeholder)
	if !ok || strings.Contains(after, placeholder) || strings.Contains(pattern, "/") {
		return nil, fmt.Errorf("pattern %q: want a file name with one %s", pattern, placeholder)
	}
	root, rel, err := w.under(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	entries, err := fs.ReadDir(root.FS(), rel)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		v, ok := match(e.Name(), before, after)
		if !ok {
			continue
		}
		info, err := root.Stat(filepath.Join(rel, e.Name()))
		if err != nil || !info.Mode().IsRegular() {
			continue // gone between two looks, or a link to nowhere
		}
		if age := w.now().Sub(info.ModTime()).Abs(); age < w.o.Settle {
			continue // next turn
		}
		out = append(out, v)
	}
	if len(out) > maxVersions {
		return nil, fmt.Errorf("%s: %d files match %s, more than %d", dir, len(out), pattern, maxVersions)
	}
	return out, nil
}

func (w *Watcher) under(dir string) (*os.Root, string, error) {
	if !filepath.IsAbs(dir) {
		return nil, "", fmt.Errorf("directory %q: want an absolute path", dir)
	}
	for _, allowed := range w.o.Allowed {
		rel, err := filepath.Rel(allowed, dir)
		if err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
			continue
		}
		root, err := os.OpenRoot(allowed)
		return root, rel, err
	}
	return nil, "", fmt.Errorf("directory %q lies below none of the directories that sources may come from: %w", dir, fs.ErrPermission)
}

// match returns the version in name, which is between before and after.
func match(name, before, after string) (string, bool) {
	rest, ok := strings.CutPrefix(name, before)
	if !ok {
		return "", false
	}
	v, ok := strings.CutSuffix(rest, after)
	if !ok {
		return "", false
	}
	return v, isVersion(v) && !isPre(v)
}
