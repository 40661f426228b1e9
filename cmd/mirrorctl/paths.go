package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"mirrorctl/mirror"
)

// errNoRepository says that a path has no repository at or below it.
var errNoRepository = errors.New("no repository there")

// pathIn reads a path that a person typed: absolute below one of dirs, or relative to any of them.
func pathIn(typed string, dirs ...string) (mirror.Path, error) {
	if !filepath.IsAbs(typed) {
		return mirror.ParsePath(filepath.Clean("/" + typed))
	}
	for _, dir := range dirs {
		rel, err := filepath.Rel(dir, typed)
		if dir != "" && err == nil && rel != ".." && !strings.HasPrefix(rel, "../") {
			return mirror.ParsePath(filepath.Clean("/" + rel))
		}
	}
	return "", fmt.Errorf("%s lies neither below the root %s nor in the archive", quote(typed), dirs[0])
}

func compare(a, b mirror.Path) int { return cmp.Compare(a, b) }
