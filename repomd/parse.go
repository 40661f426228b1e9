package repomd

import (
	"bytes"
	"fmt"
	"io"
)

// Limits of a repomd.xml. CentOS Stream 9's has 9 records and 4.5 KB.
const (
	MaxRepomd   = 4 << 20 // bytes
	maxRecords  = 4096
	maxElements = 1 << 16
)

// Parse reads a repomd.xml of at most MaxRepomd bytes. What it does not know it skips; a record
// of unknown type is kept as any other, two of one type both, in order. An href that is absolute
// or leaves the repository is refused, as is a checksum that cannot be one, a record without
// location, and a document with a DTD. The result keeps raw; the caller must not change it.
func Parse(raw []byte) (*Repomd, error) {
	if len(raw) > MaxRepomd {
		return nil, fmt.Errorf("repomd.xml: %d bytes, at most %d", len(raw), MaxRepomd)
	}
	r := &Repomd{Raw: raw}
	if err := r.parse(newScanner(bytes.NewReader(raw), MaxRepomd, maxElements)); err != nil {
		return nil, fmt.Errorf("repomd.xml: %w", err)
	}
	for i, d := range r.Data {
		if i == 0 || d.Timestamp > r.Timestamp {
			r.Timestamp = d.Timestamp
		}
	}
	return r, nil
}

func (r *Repomd) parse(s *scanner) error {
	for {
		tok, err := s.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if tok != startTag {
			continue
		}
		if s.depth == 1 {
			if string(s.name) != "repomd" {
				return fmt.Errorf("root element <%s>, want <repomd>", clip(string(s.name)))
			}
			continue
		}
		if err := r.parseChild(s); err != nil {
			return err
		}
	}
}

// parseChild reads one child of <repomd>, whose start tag is the current one.
func (r *Repomd) parseChild(s *scanner) (err error) {
	switch string(s.name) {
	case "data":
		if len(r.Data) == maxRecords {
			return fmt.Errorf("over %d records", maxRecords)
		}
		d, err := parseData(s)
		if err != nil {
			return fmt.Errorf("record %d (%q): %w", len(r.Data)+1, clip(d.Type), err)
		}
		r.Data = append(r.Data, d)
	case "revision":
		r.Revision, err = elementText(s)
	case "repoid":
		if r.IDType, err = s.attr("type"); err == nil {
			r.ID, err = elementText(s)
		}
	case "contenthash":
		if r.ContentType, err = s.attr("type"); err == nil {
			r.Content, err = elementText(s)
		}
	case "tags":
		err = r.Tags.parse(s)
	default:
		err = skip(s)
	}
	return err
}

func (t *Tags) parse(s *scanner) error {
	return children(s, func() error {
		name := string(s.name)
		cpe, err := s.attr("cpeid")
		if err != nil {
			return err
		}
		value, err := elementText(s)
		switch name {
		case "content":
			t.Content = append(t.Content, value)
		case "repo":
			t.Repo = append(t.Repo, value)
		case "distro":
			t.Distro = append(t.Distro, Distro{CPE: cpe, Name: value})
		}
		return err
	})
}

// parseData reads one <data>, whose start tag is the current one.
func parseData(s *scanner) (Data, error) {
	d := Data{Size: -1, OpenSize: -1, HeaderSize: -1}
	var err error
	if d.Type, err = s.attr("type"); err != nil {
		return d, err
	}
	seen := map[string]bool{}
	err = children(s, func() error {
		name := string(s.name)
		if seen[name] {
			return fmt.Errorf("<%s> given twice", clip(name))
		}
		seen[name] = true
		if err := d.parseChild(s, name); err != nil {
			return fmt.Errorf("<%s>: %w", clip(name), err)
		}
		return nil
	})
	switch {
	case err != nil:
		return d, err
	case d.Type == "":
		return d, fmt.Errorf("no type")
	case d.Href == "":
		return d, fmt.Errorf("no location")
	}
	return d, nil
}

func (d *Data) parseChild(s *scanner, name string) (err error) {
	switch name {
	case "location":
		d.Href, d.Base, err = elementLocation(s)
		return err
	case "checksum":
		d.Checksum, err = elementChecksum(s)
		return err
	case "open-checksum":
		d.OpenChecksum, err = elementChecksum(s)
		return err
	case "header-checksum":
		d.HeaderChecksum, err = elementChecksum(s)
		return err
	}
	value, err := elementText(s)
	if err != nil {
		return err
	}
	switch name {
	case "timestamp":
		d.Timestamp, err = parseTime(value)
	case "size":
		d.Size, err = parseSize(value)
	case "open-size":
		d.OpenSize, err = parseSize(value)
	case "header-size":
		d.HeaderSize, err = parseSize(value)
	case "database_version":
		var version int64
		version, err = parseSize(value)
		d.DatabaseVersion = int(max(0, version))
	}
	return err
}
