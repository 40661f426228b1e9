package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"mirrorctl/copr"
	"mirrorctl/internal/durable"
)

// told remembers which ends have been dealt with. Ends come nearly in the order of time: the newest are kept one by one, and
// what ended before Since is over.
type told struct {
	file   string
	Format int       `json:"format"` // 1
	Since  time.Time `json:"since"`
	Recent []ending  `json:"recent"` // in the order in which they were dealt with
}

// ending is one end of a build; a retry has another.
type ending struct {
	Build uint64    `json:"build"`
	Ended time.Time `json:"ended"`
}

const maxRecent, maxTold = 1000, 1 << 20

// openTold reads the file. One that is not there is begun: what ended before now is nobody's news.
func openTold(file string, now time.Time) (*told, error) {
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		t := &told{file: file, Format: 1, Since: now.UTC()}
		return t, t.save()
	}
	if err != nil {
		return nil, err
	}
	t, err := parseTold(raw)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w; move it away to begin anew", file, err)
	}
	t.file = file
	return t, nil
}

func parseTold(raw []byte) (*told, error) {
	if len(raw) > maxTold {
		return nil, fmt.Errorf("over %d bytes", maxTold)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	t := &told{}
	if err := dec.Decode(t); err != nil {
		return nil, err
	}
	if t.Format != 1 {
		return nil, fmt.Errorf("format %d; this program knows 1", t.Format)
	}
	return t, nil
}

// isNews reports whether b has ended and nobody dealt with that end.
func (t *told) isNews(b *copr.Build) bool {
	return b.State.Ended() && b.Ended != nil && b.Ended.After(t.Since) &&
		!slices.ContainsFunc(t.Recent, func(e ending) bool { return e.Build == b.ID && e.Ended.Equal(*b.Ended) })
}

// add records that the end of b was dealt with.
func (t *told) add(b *copr.Build) error {
	t.note(b)
	return t.save()
}

func (t *told) note(b *copr.Build) {
	t.Recent = append(t.Recent, ending{b.ID, b.Ended.UTC()})
	for len(t.Recent) > maxRecent {
		if first := t.Recent[0].Ended; first.After(t.Since) {
			t.Since = first
		}
		t.Recent = t.Recent[1:]
	}
}

func (t *told) save() error {
	raw, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return durable.Replace(t.file, append(raw, '\n'), 0o600)
}
