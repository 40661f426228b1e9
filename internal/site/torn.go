package site

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
	"mirrorctl/mirror"
)

// Torn is a repository that is not whole on disk. What it was before goes on being served.
type Torn struct {
	Tree   string    `json:"tree"` // root or archive
	Dir    string    `json:"dir"`
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
}

// tornFile is where the service leaves word of broken repositories for `mirrorctl status`.
func tornFile(state string) string { return filepath.Join(state, "torn.json") }

// Torn lists the repositories that are not whole.
func (s *Site) Torn() []Torn {
	var all []Torn
	for _, t := range s.trees() {
		for _, r := range t.hot.Status() {
			if !r.Consistent && r.Err != nil {
				all = append(all, Torn{t.name, r.Dir, r.Err.Error(), r.Since})
			}
		}
	}
	return all
}

// writeTorn leaves word, if it is another than before.
func (s *Site) writeTorn() error {
	now := s.Torn()
	same := slices.EqualFunc(now, s.torn, func(a, b Torn) bool { return a.Tree == b.Tree && a.Dir == b.Dir && a.Reason == b.Reason })
	if same && s.tornWritten {
		return nil
	}
	data, err := json.MarshalIndent(now, "", "  ")
	if err != nil {
		return err
	}
	if err := durable.WriteFile(tornFile(s.stateIn), append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("write %s: %w", tornFile(s.stateIn), err)
	}
	s.torn, s.tornWritten = now, true
	return nil
}

// pathOf is a directory as package hot names it.
func pathOf(dir string) mirror.Path {
	if dir == "." {
		return ""
	}
	return mirror.Path(dir)
}

// ReadTorn is the word that a service left in its state directory; empty where none ever ran.
func ReadTorn(state string) ([]Torn, error) {
	raw, err := os.ReadFile(tornFile(state))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var all []Torn
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("%s: %w; a running service writes it anew", tornFile(state), err)
	}
	slices.SortFunc(all, func(a, b Torn) int { return strings.Compare(a.Dir, b.Dir) })
	return all, nil
}
