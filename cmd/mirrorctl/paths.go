package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"

	"mirrorctl/mirror"
)

// pathIn reads a path that a person typed: absolute below root, or relative to it.
func pathIn(root, typed string) (mirror.Path, error) {
	if filepath.IsAbs(typed) {
		rel, err := filepath.Rel(root, typed)
		if err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
			return "", fmt.Errorf("%s is not below the root %s", quote(typed), root)
		}
		typed = rel
	}
	if typed == "." {
		typed = ""
	}
	return mirror.ParsePath(filepath.Clean("/" + typed))
}

func compare(a, b mirror.Path) int { return cmp.Compare(a, b) }
