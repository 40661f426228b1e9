package hot

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"mirrorctl/repomd"
)

// A record is a generation as it lies on disk. The documents are in it verbatim; the listed
// files lie beside it, by content.
type record struct {
	Format    int               `json:"format"`
	Dir       string            `json:"dir"`
	LoadedAt  time.Time         `json:"loaded_at"`
	Repomd    *recordedDocument `json:"repomd"`
	Signature *recordedDocument `json:"signature,omitempty"`
	Key       *recordedDocument `json:"key,omitempty"`
	Files     []recordedFile    `json:"files"`

	parsed *repomd.Repomd
}

type recordedDocument struct {
	Data    []byte    `json:"data"`
	ModTime time.Time `json:"mod_time"`
}

type recordedFile struct {
	Name    string    `json:"name"` // below the repository
	SHA256  digestHex `json:"sha256"`
	Size    int64     `json:"size"`
	ModTime time.Time `json:"mod_time"`
}

const recordFormat = 1

// recordName is the file name of a record: one for each repository and repomd.xml.
func recordName(dir, repomdSHA256 string) string {
	sum := sha256.Sum256([]byte(dir))
	return hex.EncodeToString(sum[:16]) + "-" + repomdSHA256 + ".json"
}

func (r *record) name() string {
	sum := sha256.Sum256(r.Repomd.Data)
	return recordName(r.Dir, hex.EncodeToString(sum[:]))
}

func encodeRecord(g *generation) ([]byte, error) {
	r := record{
		Format: recordFormat, Dir: g.Dir, LoadedAt: g.LoadedAt,
		Repomd:    recordDocument(g.documents.repomd),
		Signature: recordDocument(g.documents.signature),
		Key:       recordDocument(g.documents.key),
	}
	for name, o := range g.files {
		if o.body.cache != nil { // not a document
			r.Files = append(r.Files, recordedFile{name, o.SHA256, o.Size, o.ModTime})
		}
	}
	slices.SortFunc(r.Files, func(a, b recordedFile) int { return strings.Compare(a.Name, b.Name) })
	return json.Marshal(r)
}

func recordDocument(d document) *recordedDocument {
	if d.data == nil {
		return nil
	}
	return &recordedDocument{d.data, d.modTime}
}

func (d *recordedDocument) document() document {
	if d == nil {
		return document{}
	}
	return document{d.Data, d.ModTime}
}

func readRecord(name string) (*record, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return decodeRecord(data)
}

// decodeRecord reads a record, and holds it against the repomd.xml that it carries: it has the
// files that are listed there, and where those are listed by SHA-256, the same.
func decodeRecord(data []byte) (*record, error) {
	r := &record{}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(r); err != nil {
		return nil, fmt.Errorf("read record: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("read record: more than one")
	}
	if r.Format != recordFormat || !fs.ValidPath(r.Dir) || r.Repomd == nil {
		return nil, errors.New("read record: of another format")
	}
	var err error
	if r.parsed, err = repomd.Parse(r.Repomd.Data); err != nil {
		return nil, fmt.Errorf("read record: %w", err)
	}
	listed := map[string]repomd.Data{}
	for _, d := range r.parsed.Data {
		if d.Base == "" {
			listed[d.Href] = d
		}
	}
	for _, f := range r.Files {
		d, ok := listed[f.Name]
		if !ok || f.Size < 0 || d.Checksum.Type == "sha256" && d.Checksum.Hex != hex.EncodeToString(f.SHA256[:]) {
			return nil, fmt.Errorf("read record: file %q is not as listed", f.Name)
		}
		delete(listed, f.Name)
	}
	if len(listed) > 0 {
		return nil, fmt.Errorf("read record: %d listed files are not in it", len(listed))
	}
	return r, nil
}

// digestHex is a SHA-256 that is written in hex.
type digestHex [32]byte

func (d digestHex) MarshalText() ([]byte, error) {
	return hex.AppendEncode(nil, d[:]), nil
}

func (d *digestHex) UnmarshalText(text []byte) error {
	sum, ok := parseSum(string(text))
	if !ok {
		return fmt.Errorf("%q is no SHA-256", text)
	}
	*d = sum
	return nil
}

func parseSum(s string) (sum [32]byte, ok bool) {
	if len(s) != 2*len(sum) || strings.ToLower(s) != s {
		return sum, false
	}
	_, err := hex.Decode(sum[:], []byte(s))
	return sum, err == nil
}
