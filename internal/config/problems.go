package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Problems looks at what the configuration names and says what would not work, each on a line. It
// changes nothing.
func (c *Config) Problems() []string {
	var found []string
	add := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	switch {
	case c.Root == "":
		add("root is missing: the directory that holds the active trees")
	default:
		if err := isDir(c.Root); err != nil {
			add("root: %v; it is never created, since a missing mount must not look like an empty mirror", err)
		}
	}
	if c.PublicURL.IsZero() {
		add("public_url is missing: what clients call this server")
	}
	if err := writable(c.State); err != nil {
		add("state: %v; it is never created, since a mistyped path must not look like a site where nothing was ever archived", err)
	}
	if c.Archive.Store != "" {
		if err := writable(c.Archive.Store); err != nil {
			add("archive.store: %v; it is never created, since a missing mount must not look like an empty archive", err)
		}
		if inside(c.Archive.Store, c.Root) {
			add("archive.store %s lies inside root %s: the archive would archive itself", c.Archive.Store, c.Root)
		}
		if inside(c.Root, c.Archive.Store) {
			add("root %s lies inside archive.store %s", c.Root, c.Archive.Store)
		}
	}
	if inside(c.State, c.Root) {
		add("state %s lies inside root %s: it would be served", c.State, c.Root)
	}
	if a, p := c.ArchiveURL(), c.PublicURL.URL(); strings.EqualFold(a.Hostname(), p.Hostname()) && c.Archive.Store != "" && c.Root != "" {
		name := filepath.Join(c.Root, strings.Trim(strings.TrimPrefix(a.Path, p.Path), "/"))
		if _, err := os.Lstat(name); err == nil && name != c.Root {
			add("%s is hidden: clients of archived releases are sent to %s; give archive.url another path or host", name, a)
		}
	}
	if a, p := c.ArchiveURL(), c.PublicURL.URL(); a.Scheme == "http" && p.Scheme == "https" {
		add("archive.url is http and public_url is https: clients that come by https keep it, so the archive's host must speak it")
	}
	return found
}

func isDir(name string) error {
	st, err := os.Stat(name)
	if err == nil && !st.IsDir() {
		err = fmt.Errorf("%s is no directory", name)
	}
	return err
}

// writable reports why name is no directory that can be written to.
func writable(name string) error {
	if err := isDir(name); err != nil {
		return err
	}
	if err := unix.Access(name, unix.W_OK); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// inside reports whether name is dir or lies below it, symbolic links resolved.
func inside(name, dir string) bool {
	if name == "" || dir == "" {
		return false
	}
	rel, err := filepath.Rel(resolve(dir), resolve(name))
	return err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}

func resolve(name string) string {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		return real
	}
	return filepath.Clean(name)
}
