package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"mirrorctl/internal/durable"
)

// markerName is the file that tells a demo from a directory of somebody's.
const markerName = ".mirrorctl-demo"

// markerFormat grows when the content of demos changes.
const markerFormat = 1

type marker struct {
	Format    int      `json:"format"`
	PublicURL string   `json:"public_url"`
	Releases  []string `json:"releases"`
	Whole     bool     `json:"whole"` // false while the site is being made, and after a crash in it
}

// ErrNotDemo says that a directory holds something, and no demo.
var ErrNotDemo = errors.New("not empty and not a demo")

// readMarker tells what dir holds: nil for nothing yet.
func readMarker(dir string) (*marker, error) {
	data, err := os.ReadFile(filepath.Join(dir, markerName))
	if err == nil {
		m := &marker{}
		if err := json.Unmarshal(data, m); err != nil {
			return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, markerName), err)
		}
		return m, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if len(entries) > 0 {
		return nil, fmt.Errorf("%s: %w: choose an empty directory, or one that does not exist", dir, ErrNotDemo)
	}
	return nil, nil
}

func (m *marker) write(dir string) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(dir, markerName), append(data, '\n'), 0o644)
}
