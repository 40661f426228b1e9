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
	"syscall"

	"mirrorctl/internal/durable"
	"mirrorctl/test/fault/fixture"
)

// Flaws are what Main can do wrong, one at a time, and the trip on which it shows. Each is an error that
// has been made by someone.
var Flaws = map[string]string{
	"in place":          "archive",            // writes under the final name
	"late times":        "archive",            // sets times after the rename
	"no hard links":     "archive",            // copies each name
	"publish early":     "archive",            // swaps the state before all is copied
	"leave temporaries": "archive",            // does not sweep up after a crash
	"torn state":        "archive",            // writes the state document in place
	"journal first":     "archive",            // says put before it has put
	"half abort":        "abort",              // leaves what it put into the archive
	"unlink first":      "prune",              // empties the archive with the root
	"unlink in public":  "prune",              // removes file by file what clients see
	"no parents":        "restore from trash", // leaves the times of parent directories as they come
	NoLock:              "",                   // lets two operators in: no crash shows it
}

// NoLock is the flaw that needs a second operator.
const NoLock = "no lock"

type study struct {
	root, store, state string
	keep               bool // the retention is not zero
	flaw               string
}

// Main is the program: --config FILE archive|restore …. It returns the exit code.
func Main(args []string, flaw string) int {
	s, err := open(args[1], flaw)
	if err == nil {
		err = s.command(args[2], args[3:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		switch {
		case errors.Is(err, errLocked):
			return 6
		case errors.Is(err, fs.ErrNotExist):
			return 4
		}
		return 1
	}
	return 0
}

// open reads the few keys it needs from a configuration as fixture writes it.
func open(config, flaw string) (*study, error) {
	data, err := os.ReadFile(config)
	if err != nil {
		return nil, err
	}
	s := &study{flaw: flaw}
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "root":
			s.root = value
		case "store":
			s.store = value
		case "state":
			s.state = value
		case "retention":
			s.keep = value != "0s"
		}
	}
	return s, nil
}

var errLocked = errors.New("another run holds the lock")

func (s *study) command(name string, flags []string) error {
	if s.flaw != NoLock {
		lock, err := os.OpenFile(filepath.Join(s.state, "lock"), os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return err
		}
		defer lock.Close()
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
			return errLocked
		}
	}
	if err := s.sweep(); err != nil {
		return err
	}
	phase, err := s.phase()
	if err != nil {
		return err
	}
	switch {
	case name == "restore":
		return s.restore(phase)
	case slices.Contains(flags, "--abort"):
		return s.abort(phase)
	}
	if phase == "active" || phase == "archiving" {
		if err := s.archive(); err != nil {
			return err
		}
	}
	if slices.Contains(flags, "--prune") {
		return s.prune(phase)
	}
	return nil
}

func (s *study) phase() (string, error) {
	data, err := os.ReadFile(filepath.Join(s.state, "state.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return "active", nil
	}
	if err != nil {
		return "", err
	}
	var doc document
	if err := json.Unmarshal(data, &doc); err != nil {
		return "", err
	}
	return doc.Releases[fixture.Release].State, nil
}

type document struct {
	Releases map[string]record `json:"releases"`
}

type record struct {
	State string `json:"state"`
}

func (s *study) enter(phase string) error {
	data, err := json.Marshal(document{map[string]record{fixture.Release: {phase}}})
	if err != nil {
		return err
	}
	name := filepath.Join(s.state, "state.json")
	if s.flaw == "torn state" {
		return os.WriteFile(name, data, 0o644)
	}
	return durable.WriteFile(name, data, 0o644)
}

// sweep removes what a crash left half made.
func (s *study) sweep() error {
	if s.flaw == "leave temporaries" {
		return nil
	}
	for _, dir := range []string{s.store, s.state, s.root} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && durable.IsTemp(d.Name()) {
				err = os.Remove(path)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
