package index

import (
	"bytes"
	"fmt"
	"hash"
	"io"

	"mirrorctl/repomd"
)

// document is one metadata file in the making. Its compressed bytes stay in memory, where
// they get the checksum that names them: about 80 MB for the whole of Fedora.
type document struct {
	typ, base string // primary, primary.xml
	format    repomd.Format
	packed    bytes.Buffer
	z         io.WriteCloser
	open      hash.Hash
	openSize  int64
}

func newDocument(typ, base string, format repomd.Format, checksum string) (*document, error) {
	d := &document{typ: typ, base: base, format: format}
	var err error
	if d.open, err = repomd.NewHash(checksum); err != nil {
		return nil, err
	}
	if d.z, err = repomd.NewWriter(&d.packed, format); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *document) Write(b []byte) (int, error) {
	d.open.Write(b)
	d.openSize += int64(len(b))
	return d.z.Write(b)
}

// file is metadata ready to be published.
type file struct {
	name string // in repodata/
	data []byte
}

// finish ends the document and describes it for repomd.xml.
func (d *document) finish(o *Options) (repomd.Data, file, error) {
	if err := d.z.Close(); err != nil {
		return repomd.Data{}, file{}, fmt.Errorf("compress %s: %w", d.base, err)
	}
	h, err := repomd.NewHash(o.Checksum)
	if err != nil {
		return repomd.Data{}, file{}, err
	}
	h.Write(d.packed.Bytes())
	sum := repomd.SumOf(o.Checksum, h)
	name := d.base
	if d.format != repomd.Plain {
		name += "." + string(d.format)
	}
	if !o.SimpleNames {
		name = sum.Hex + "-" + name
	}
	data := repomd.Data{
		Type:         d.typ,
		Href:         "repodata/" + name,
		Checksum:     sum,
		OpenChecksum: repomd.SumOf(o.Checksum, d.open),
		Size:         int64(d.packed.Len()),
		OpenSize:     d.openSize,
		HeaderSize:   -1,
		Timestamp:    o.Time.Unix(),
	}
	if d.format == repomd.Plain { // as createrepo_c has it for a plain comps file
		data.OpenChecksum, data.OpenSize = repomd.Checksum{}, -1
	}
	return data, file{name: name, data: d.packed.Bytes()}, nil
}
