package hot

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"time"

	"mirrorctl/repomd"
)

// The documents of a repository: what no checksum vouches for.
const (
	repomdName    = repomd.Name
	signatureName = repomd.Name + ".asc"
	keyName       = repomd.Name + ".key"
)

// maxSignature is the largest .asc or .key taken, in bytes. A detached signature has under
// 1 KiB; a key ring of a whole distribution some 30.
const maxSignature = 256 << 10

// A document is one such file, verbatim. It is absent where data is nil.
type document struct {
	data    []byte
	modTime time.Time
}

// documents are one reading of them.
type documents struct {
	repomd, signature, key document
}

func (d document) equal(e document) bool {
	return (d.data == nil) == (e.data == nil) && bytes.Equal(d.data, e.data)
}

// equal reports whether both readings found the same bytes.
func (d documents) equal(e documents) bool {
	return d.repomd.equal(e.repomd) && d.signature.equal(e.signature) && d.key.equal(e.key)
}

// marks are the stamps of the documents of a repository, and when they were taken.
type marks struct {
	stamps [3]stamp
	at     time.Time
}

// markDocuments looks at the documents in dir without opening them.
func markDocuments(fsys fs.FS, dir string, now time.Time) (m marks, err error) {
	m.at = now
	for i, name := range [3]string{repomdName, signatureName, keyName} {
		info, err := fs.Stat(fsys, path.Join(dir, name))
		if i > 0 && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return m, unreadable(err)
		}
		m.stamps[i] = stampOf(info)
	}
	return m, nil
}

// stillHold reports whether the documents stamped m cannot have changed when they are now
// stamped as in n.
func (m marks) stillHold(n marks) bool {
	for _, s := range m.stamps {
		if !s.settled(m.at) {
			return false
		}
	}
	return m.stamps == n.stamps
}

// readDocuments reads the documents in dir.
func readDocuments(fsys fs.FS, dir string) (d documents, err error) {
	if d.repomd, err = readDocument(fsys, path.Join(dir, repomdName), repomd.MaxRepomd); err != nil {
		return d, err
	}
	for name, doc := range map[string]*document{signatureName: &d.signature, keyName: &d.key} {
		*doc, err = readDocument(fsys, path.Join(dir, name), maxSignature)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return d, err
		}
	}
	return d, nil
}

func readDocument(fsys fs.FS, name string, limit int64) (document, error) {
	f, info, err := openSource(fsys, name)
	if err != nil {
		return document{}, unreadable(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.NewSectionReader(f, 0, limit+1))
	if err != nil {
		return document{}, unreadable(fmt.Errorf("read %q: %w", name, err))
	}
	if int64(len(data)) > limit {
		return document{}, fault(Malformed, fmt.Errorf("%q: over %d bytes", name, limit))
	}
	return document{data: data, modTime: info.ModTime()}, nil
}
