package mirror

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// MaxDocument is the largest state document accepted, in bytes: some 100,000 repositories.
const MaxDocument = 64 << 20

// ParseDocument reads a state document and checks every word of it: what it says decides
// whether bytes are deleted. Unknown keys are refused, since a swap would lose them.
func ParseDocument(raw []byte) (*Document, error) {
	if len(raw) > MaxDocument {
		return nil, fmt.Errorf("%d bytes, at most %d", len(raw), MaxDocument)
	}
	var version struct {
		Format *int `json:"format"`
	}
	if err := json.Unmarshal(raw, &version); err != nil {
		return nil, err
	}
	if version.Format == nil {
		return nil, errors.New("no format: this is not a state document")
	}
	if *version.Format != DocumentFormat {
		return nil, fmt.Errorf("format %d; this program knows format %d", *version.Format, DocumentFormat)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	var d Document
	if err := dec.Decode(&d); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("something follows the document")
	}
	return &d, d.check()
}

// encode is the document as a file holds it.
func (d *Document) encode() ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	raw, err := json.MarshalIndent(d, "", "\t")
	if err != nil {
		return nil, err
	}
	if len(raw) >= MaxDocument {
		return nil, fmt.Errorf("%d bytes, at most %d", len(raw), MaxDocument)
	}
	return append(raw, '\n'), nil
}

func (d *Document) check() error {
	if d.Format != DocumentFormat {
		return fmt.Errorf("format %d; this program knows format %d", d.Format, DocumentFormat)
	}
	if d.Generation == 0 {
		return errors.New("generation 0: the first one is 1")
	}
	for r, rec := range d.Releases {
		if err := checkRecord(r, rec); err != nil {
			return fmt.Errorf("release %q: %w", r, err)
		}
	}
	return nil
}

func checkRecord(r Release, rec *Record) error {
	if parsed, err := ParseRelease(r.String()); err != nil || parsed != r {
		return errors.New("is no release")
	}
	if rec == nil {
		return errors.New("has no record")
	}
	switch rec.State {
	case Active, Archiving, Archived, Pruned, Restoring:
	default:
		return fmt.Errorf("unknown state %q", clip(string(rec.State)))
	}
	if rec.Files < 0 || rec.Bytes < 0 || rec.Packages < 0 {
		return errors.New("a count below zero")
	}
	for _, p := range rec.Trees {
		if err := checkOwned(p); err != nil {
			return fmt.Errorf("tree: %w", err)
		}
	}
	for _, repo := range rec.Repositories {
		if err := checkOwned(repo.Dir); err != nil {
			return fmt.Errorf("repository %q: %w", clip(repo.Name), err)
		}
	}
	return nil
}

// checkOwned checks a directory that a release owns. The root belongs to nobody.
func checkOwned(p Path) error {
	parsed, err := ParsePath(string(p))
	switch {
	case err != nil:
		return err
	case parsed != p || p == "":
		return fmt.Errorf("%w %q: not clean", ErrBadPath, clip(string(p)))
	case p.Reserved():
		return fmt.Errorf("%w %q: names beginning with .mirrorctl are the program's own", ErrBadPath, clip(string(p)))
	}
	return nil
}
