package upstream

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"mirrorctl/internal/durable"
	"mirrorctl/repomd/index"
)

// memory is what is kept of one target between two questions.
type memory struct {
	Asked     time.Time `json:"asked,omitzero"`
	NotBefore time.Time `json:"not_before,omitzero"` // the server asked to be left alone so long
	ETag      string    `json:"etag,omitempty"`
	Versions  []string  `json:"versions,omitempty"` // of the answer that ETag names
	Seen      string    `json:"seen,omitempty"`     // the newest that was acted upon
}

const (
	maxState    = 64 << 20
	maxVersions = 1000 // of one target; the newest are kept
)

type state struct {
	file string
	mu   sync.Mutex // guards by and the file
	by   map[string]memory
}

func openState(file string) (*state, error) {
	s := &state{file: file, by: map[string]memory{}}
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	} else if err != nil {
		return nil, err
	} else if info.Size() > maxState {
		return nil, fmt.Errorf("read %s: %d bytes are more than the %d allowed", file, info.Size(), maxState)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &s.by); err != nil {
		return nil, fmt.Errorf("read %s: %w; move it away to ask every upstream anew", file, err)
	}
	if s.by == nil {
		s.by = map[string]memory{}
	}
	return s, nil
}

func (s *state) get(key string) memory {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.by[key]
}

// put records m. What only says when we asked is not worth an fsync every ten seconds: it stays in memory.
func (s *state) put(key string, m memory) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.by[key]
	if old.Seen != "" && index.CompareVersions(old.Seen, m.Seen) > 0 {
		m.Seen = old.Seen // Seen was told while upstream was asked
	}
	s.by[key] = m
	if old.ETag == m.ETag && old.Seen == m.Seen && old.NotBefore.Equal(m.NotBefore) && m.Asked.Sub(old.Asked) < time.Minute {
		return nil
	}
	data, err := json.MarshalIndent(s.by, "", "\t")
	if err == nil {
		err = durable.Replace(s.file, append(data, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("record what upstream said: %w", err)
	}
	return nil
}
