package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"mirrorctl/internal/durable"
)

// Pins remembers the sha256 of each URL that was fetched without a declared one, from its first sight on: a tag that is
// moved or a tarball that is replaced is noticed. One process at a time has the file.
type Pins struct {
	file string
	mu   sync.Mutex // guards seen and the file
	seen map[string]string
}

const maxPins = 16 << 20 // bytes of the file: some 100,000 sources

// OpenPins reads the pins of file, which need not exist.
func OpenPins(file string) (*Pins, error) {
	p := &Pins{file: file, seen: map[string]string{}}
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	} else if err != nil {
		return nil, err
	} else if info.Size() > maxPins {
		return nil, fmt.Errorf("read %s: %d bytes are more than the %d allowed", file, info.Size(), maxPins)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if p.seen, err = parsePins(data); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	return p, nil
}

func parsePins(data []byte) (map[string]string, error) {
	var seen map[string]string
	if err := json.Unmarshal(data, &seen); err != nil {
		return nil, err
	}
	if seen == nil {
		seen = map[string]string{}
	}
	for url, sum := range seen {
		if !isSHA256(sum) {
			return nil, fmt.Errorf("pin of %q: %q is no sha256", url, sum)
		}
	}
	return seen, nil
}

// Of returns the sha256 that url had at first sight; "" where it was never seen.
func (p *Pins) Of(url string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen[url]
}

// Pin records the first sight of url. Where it was seen before with another sha256, the error is an ErrChecksum.
func (p *Pins) Pin(url, sha256 string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch old := p.seen[url]; {
	case old == sha256:
		return nil
	case old != "":
		return fmt.Errorf("%w: sha256 is %s, first seen as %s", ErrChecksum, sha256, old)
	}
	p.seen[url] = sha256
	data, err := json.MarshalIndent(p.seen, "", "\t")
	if err == nil {
		err = durable.Replace(p.file, append(data, '\n'), 0o644)
	}
	if err != nil {
		delete(p.seen, url)
		return fmt.Errorf("record sha256 of %s: %w", url, err)
	}
	return nil
}

func isSHA256(s string) bool {
	if len(s) != 64 {
		return false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
