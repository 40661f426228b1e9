package repomd

import (
	"fmt"
	"io"
	"io/fs"
	"path"
)

// Name is the path of a repomd.xml below its repository.
const Name = "repodata/repomd.xml"

// Load reads and parses dir/repodata/repomd.xml. Where there is none the error is
// fs.ErrNotExist: dir is not a repository.
func Load(fsys fs.FS, dir string) (*Repomd, error) {
	name := path.Join(dir, Name)
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, MaxRepomd+1))
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", name, err)
	}
	r, err := Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", dir, err)
	}
	return r, nil
}

// Open gives the content of d, decompressed, within d.Limits. It proves nothing: Verify does, or
// Data.Check on the file. xml:base is not followed: a repository's metadata lies in it.
func Open(fsys fs.FS, dir string, d Data) (io.ReadCloser, error) {
	f, err := openStored(fsys, dir, d.Href)
	if err != nil {
		return nil, err
	}
	content, err := NewReader(f, d.Limits())
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%q: %w", d.Href, err)
	}
	return &record{ReadCloser: content, file: f, name: d.Href}, nil
}

// openStored opens a file that a document lists. path.Join would mend a bad href; it never
// gets one.
func openStored(fsys fs.FS, dir, href string) (fs.File, error) {
	if err := checkHref(href); err != nil {
		return nil, err
	}
	f, err := fsys.Open(path.Join(dir, href))
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%q is not a regular file: %s", href, info.Mode().Type())
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// record is the content of a file; its errors name the file.
type record struct {
	io.ReadCloser
	file fs.File
	name string
}

func (r *record) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%q: %w", r.name, err)
	}
	return n, err
}

func (r *record) Close() error {
	err := r.ReadCloser.Close()
	if e := r.file.Close(); err == nil {
		err = e
	}
	return err
}
