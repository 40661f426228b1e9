package index

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"mirrorctl/repomd"
)

// batch is how many packages are in memory at once, beside the compressed metadata.
const batch = 256

// Result says what Build found.
type Result struct {
	Packages int
	Bytes    int64 // of the packages
}

// Build writes dir/repodata/ for the packages below dir. Every package must be readable: one broken
// package is an error, and then nothing has changed. When Build returns nil the new generation is
// durable. Files of older generations stay where their names differ, for clients in mid-update.
// Nothing else in dir is changed. One Build at a time may run for a directory.
func Build(ctx context.Context, dir string, o Options) (Result, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Result{}, fmt.Errorf("index %s: %w", dir, err)
	}
	if st, err := os.Stat(dir); err != nil {
		return Result{}, fmt.Errorf("index %s: %w", dir, bare(err))
	} else if !st.IsDir() {
		return Result{}, fmt.Errorf("index %s: not a directory", dir)
	}
	names, err := list(dir, o.Exclude)
	if err != nil {
		return Result{}, fmt.Errorf("index %s: %w", dir, err)
	}
	g, err := newGeneration(len(names), &o)
	if err != nil {
		return Result{}, fmt.Errorf("index %s: %w", dir, err)
	}
	for some := range slices.Chunk(names, batch) {
		records, err := readAll(ctx, dir, some, &o)
		if err != nil {
			return Result{}, err
		}
		for _, r := range records {
			if err := g.add(r); err != nil {
				return Result{}, fmt.Errorf("index %s: %w", dir, err)
			}
		}
	}
	files, err := g.finish()
	if err != nil {
		return Result{}, fmt.Errorf("index %s: %w", dir, err)
	}
	if o.Signer != nil {
		asc, err := o.Signer.SignRepomd(ctx, files[len(files)-1].data)
		if err != nil {
			return Result{}, fmt.Errorf("sign %s: %w", filepath.Join(dir, "repodata"), err)
		}
		files = slices.Insert(files, len(files)-1, file{name: signatureName, data: asc})
	}
	if err := publish(filepath.Join(dir, "repodata"), files, &o); err != nil {
		return Result{}, fmt.Errorf("publish %s: %w", filepath.Join(dir, "repodata"), err)
	}
	o.Known.forget(dir, names)
	return g.result, nil
}

// generation is the metadata of one repository in the making.
type generation struct {
	o                         *Options
	primary, filelists, other *document
	text                      []byte // of one package; reused
	result                    Result
}

func newGeneration(packages int, o *Options) (*generation, error) {
	g := &generation{o: o}
	roots := []struct {
		doc       **document
		typ, root string
	}{
		{&g.primary, "primary", `metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm"`},
		{&g.filelists, "filelists", `filelists xmlns="http://linux.duke.edu/metadata/filelists"`},
		{&g.other, "other", `otherdata xmlns="http://linux.duke.edu/metadata/other"`},
	}
	for _, r := range roots {
		d, err := newDocument(r.typ, r.typ+".xml", o.format, o.Checksum)
		if err != nil {
			return nil, err
		}
		if _, err := fmt.Fprintf(d, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<%s packages=\"%d\">\n", r.root, packages); err != nil {
			return nil, err
		}
		*r.doc = d
	}
	return g, nil
}

func (g *generation) add(r *record) error {
	g.result.Packages++
	g.result.Bytes += r.Size
	g.text = r.appendPrimary(g.text[:0])
	if _, err := g.primary.Write(g.text); err != nil {
		return err
	}
	g.text = r.appendFilelists(g.text[:0])
	if _, err := g.filelists.Write(g.text); err != nil {
		return err
	}
	g.text = r.appendOther(g.text[:0], g.o.Changes)
	_, err := g.other.Write(g.text)
	return err
}

// finish ends all documents and returns the files of the generation, repomd.xml last.
func (g *generation) finish() ([]file, error) {
	for _, root := range []struct {
		doc *document
		end string
	}{{g.primary, "</metadata>"}, {g.filelists, "</filelists>"}, {g.other, "</otherdata>"}} {
		if _, err := root.doc.Write([]byte(root.end)); err != nil {
			return nil, err
		}
	}
	docs := []*document{g.primary, g.filelists, g.other}
	more := func(typ, base string, format repomd.Format, content []byte) error {
		if len(content) == 0 {
			return nil
		}
		d, err := newDocument(typ, base, format, g.o.Checksum)
		if err != nil {
			return err
		}
		docs = append(docs, d)
		_, err = d.Write(content)
		return err
	}
	if err := more("group", "comps.xml", repomd.Plain, g.o.Groups); err != nil {
		return nil, err
	}
	if g.o.format == repomd.Gzip { // yum and dnf 4 prefer it; no client knows group_zst
		if err := more("group_gz", "comps.xml", repomd.Gzip, g.o.Groups); err != nil {
			return nil, err
		}
	}
	if err := more("updateinfo", "updateinfo.xml", g.o.format, g.o.Updateinfo); err != nil {
		return nil, err
	}

	md := &repomd.Repomd{Revision: g.o.Revision}
	var files []file
	for _, d := range docs {
		data, f, err := d.finish(g.o)
		if err != nil {
			return nil, err
		}
		md.Data = append(md.Data, data)
		files = append(files, f)
	}
	raw, err := repomd.Marshal(md)
	if err != nil {
		return nil, err
	}
	return append(files, file{name: "repomd.xml", data: raw}), nil
}
