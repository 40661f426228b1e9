//go:build linux

package oracle

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Site is a site under test, and what it was before anything was done to it.
type Site struct {
	Root, Archive, State string   // directories
	Release              string   // the one that is archived: fedora-25
	Trees                []string // what it owns in the root
	Before               Snapshot // of Root
	// Restored says that an active release may be one that came back: then the root's own time has moved.
	Restored bool
	// Rebuilt says that it may have come back as copies: then inodes are not compared, and what was a
	// hard link of another release's file may be a file of its own.
	Rebuilt bool
}

// The release's states, as the state document spells them.
const (
	Active    = "active"
	Archiving = "archiving"
	Archived  = "archived"
	Pruned    = "pruned"
	Restoring = "restoring"
)

// Phase reads the release's state from the state document.
func (s Site) Phase() (string, error) {
	data, err := os.ReadFile(filepath.Join(s.State, "state.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return Active, nil
	}
	if err != nil {
		return "", err
	}
	var doc struct {
		Releases map[string]struct{ State string }
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return "", fmt.Errorf("the state document is torn: %w", err)
	}
	switch state := doc.Releases[s.Release].State; state {
	case "":
		return Active, nil
	case Active, Archiving, Archived, Pruned, Restoring:
		return state, nil
	default:
		return "", fmt.Errorf("the state document says %q of %s", state, s.Release)
	}
}

// fromArchive are the states in which clients are sent to the archive.
func fromArchive(phase string) bool {
	return phase == Archived || phase == Pruned || phase == Restoring
}

// scene is what lies on disk now.
type scene struct {
	phase string
	root  Snapshot // all of it
	trash Snapshot // paths as they were in the root
	store Snapshot // public part
	put   []string // paths that a job of this release says it has put into the store and not taken back
}

func (s Site) look() (c scene, err error) {
	if c.phase, err = s.Phase(); err != nil {
		return c, err
	}
	if c.root, err = Take(s.Root); err != nil {
		return c, err
	}
	c.trash = Snapshot{}
	const trash = ".mirrorctl-trash/"
	for path, e := range c.root {
		// .mirrorctl-trash/<job>/<path in the root>
		if rest, ok := strings.CutPrefix(path, trash); ok {
			if _, path, ok := strings.Cut(rest, "/"); ok {
				c.trash[path] = e
			}
		}
	}
	store, err := Take(s.Archive)
	if err != nil {
		return c, err
	}
	c.store = store.Public()
	c.put, err = s.journaled()
	return c, err
}

// journaled lists what the journals call put. A torn last line is no word.
func (s Site) journaled() ([]string, error) {
	journals, err := filepath.Glob(filepath.Join(s.State, "jobs", "*", "journal"))
	if err != nil {
		return nil, err
	}
	var put []string
	for _, name := range journals {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var mine []string
		for line := range strings.Lines(string(data)) {
			var r struct {
				Type    string
				Payload struct{ Path string }
			}
			if json.Unmarshal([]byte(line), &r) != nil {
				break
			}
			switch r.Type {
			case "put":
				mine = append(mine, r.Payload.Path)
			case "aborting":
				mine = nil
			}
		}
		put = append(put, mine...)
	}
	slices.Sort(put)
	return slices.Compact(put), nil
}
