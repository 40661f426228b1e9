package archive

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"mirrorctl/mirror"
)

// A manifest is one JSON line for each name of a release, sorted by path, compressed
// with zstd and named by the SHA-256 of the compressed bytes. It never changes.

// The limits of a manifest.
const (
	maxManifestLine    = 64 << 10
	maxManifestEntries = 20_000_000
	manifestWindow     = 8 << 20
)

// ErrManifest is wrapped by every error that a manifest's own bytes cause.
var ErrManifest = errors.New("bad manifest")

// encodeManifest writes entries, which must be sorted, and returns the bytes and their name.
func encodeManifest(entries []Entry) ([]byte, Sum, error) {
	var out bytes.Buffer
	z, err := zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		return nil, Sum{}, err
	}
	enc := json.NewEncoder(z)
	enc.SetEscapeHTML(false)
	for i := range entries {
		if err := enc.Encode(&entries[i]); err != nil {
			return nil, Sum{}, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, Sum{}, err
	}
	return out.Bytes(), sha256.Sum256(out.Bytes()), nil
}

// ReadManifest yields the entries of a manifest, checked one by one: clean paths in strict
// order, known types, hard links that point to an earlier file. It holds one line at a time.
// It does not know whether the manifest is the right one; OpenManifest does.
func ReadManifest(r io.Reader) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		fail := func(line int, err error) { yield(Entry{}, fmt.Errorf("%w: line %d: %w", ErrManifest, line, err)) }
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(manifestWindow))
		if err != nil {
			fail(0, err)
			return
		}
		defer z.Close()
		lines := bufio.NewScanner(z)
		lines.Buffer(make([]byte, 64<<10), maxManifestLine)
		var last mirror.Path
		n := 0
		for lines.Scan() {
			if n++; n > maxManifestEntries {
				fail(n, errors.New("too many entries"))
				return
			}
			var e Entry
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				fail(n, err)
				return
			}
			if err := e.check(); err != nil {
				fail(n, err)
				return
			}
			if e.Path <= last {
				fail(n, fmt.Errorf("%q is out of order", e.Path))
				return
			}
			last = e.Path
			if !yield(e, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			fail(n+1, err)
		}
	}
}

// Manifest is a whole manifest in memory. It is immutable and safe for concurrent use.
type Manifest struct {
	name    Sum
	entries []Entry // sorted by path
}

// OpenManifest reads the manifest file name and checks that its bytes have the SHA-256 want.
// A server asks it for size, time and hash of archived files, and so need not ask the store.
func OpenManifest(name string, want Sum) (*Manifest, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, err := LoadManifest(f, want)
	if err != nil {
		return nil, fmt.Errorf("manifest %s: %w", name, err)
	}
	return m, nil
}

// LoadManifest is OpenManifest for an open reader, such as an object of a store.
func LoadManifest(r io.Reader, want Sum) (*Manifest, error) {
	h := sha256.New()
	tee := io.TeeReader(r, h)
	m := &Manifest{name: want}
	for e, err := range ReadManifest(tee) {
		if err != nil {
			return nil, err
		}
		m.entries = append(m.entries, e)
	}
	if _, err := io.Copy(io.Discard, tee); err != nil {
		return nil, err
	}
	if got := Sum(h.Sum(nil)); got != want {
		return nil, fmt.Errorf("%w: its SHA-256 is %s, want %s", ErrManifest, got, want)
	}
	return m, checkLinks(m.entries)
}

// checkLinks holds each hard link against the file that it names.
func checkLinks(entries []Entry) error {
	for _, e := range entries {
		if e.HardLink == "" {
			continue
		}
		first, ok := find(entries, e.HardLink)
		if !ok || first.Type != e.Type || first.HardLink != "" || first.Size != e.Size || first.Sum != e.Sum {
			return fmt.Errorf("%w: %q is a hard link to %q, which is not its like", ErrManifest, e.Path, e.HardLink)
		}
	}
	return nil
}

// Name is the manifest's SHA-256.
func (m *Manifest) Name() Sum { return m.name }

// Len is the number of names.
func (m *Manifest) Len() int { return len(m.entries) }

// Entries yields all entries in order of their paths.
func (m *Manifest) Entries() iter.Seq[Entry] { return slices.Values(m.entries) }

// Lookup finds the entry of a path.
func (m *Manifest) Lookup(p mirror.Path) (Entry, bool) { return find(m.entries, p) }

// Children yields what lies directly in dir, in order: a listing without a store.
func (m *Manifest) Children(dir mirror.Path) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		prefix := string(dir) + "/"
		if dir == "" {
			prefix = ""
		}
		i, _ := slices.BinarySearchFunc(m.entries, prefix, func(e Entry, s string) int { return strings.Compare(string(e.Path), s) })
		for ; i < len(m.entries) && strings.HasPrefix(string(m.entries[i].Path), prefix); i++ {
			if !strings.Contains(string(m.entries[i].Path)[len(prefix):], "/") && !yield(m.entries[i]) {
				return
			}
		}
	}
}

func find(entries []Entry, p mirror.Path) (Entry, bool) {
	i, ok := slices.BinarySearchFunc(entries, p, func(e Entry, p mirror.Path) int { return strings.Compare(string(e.Path), string(p)) })
	if !ok {
		return Entry{}, false
	}
	return entries[i], true
}
