package hot

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"path"
	"strings"
	"time"

	"mirrorctl/repomd"
)

// A Generation is one state of a repository: what a metalink says about it. It is immutable.
type Generation struct {
	Dir       string         // the repository
	Repomd    *repomd.Repomd // parsed; Raw holds the bytes that are served
	Size      int64          // of repomd.xml, bytes
	MD5       string         // of repomd.xml, lower-case hex; so are the next three
	SHA1      string
	SHA256    string
	SHA512    string
	Timestamp int64     // the newest timestamp that it lists, seconds since 1970
	LoadedAt  time.Time // when it came into service
}

// generation is a Generation and what is served of it.
type generation struct {
	Generation
	documents documents
	files     map[string]*Object // by name below the repository
	bodies    []*body            // of the listed files; each holds one reference
	bytes     int64              // of all files
	unhashed  bool               // has names besides repomd.xml that later generations use too
}

// A member is a listed file of a generation in the making.
type member struct {
	name    string // below the repository
	modTime time.Time
	body    *body
	data    []byte // its bytes, if small enough to have been read whole
}

// newGeneration puts verified parts together. members hold one reference to their bodies
// each, which the generation takes over.
func newGeneration(dir string, docs documents, parsed *repomd.Repomd, members []member, loadedAt time.Time) *generation {
	raw := docs.repomd.data
	m, s1, s256, s512 := md5.Sum(raw), sha1.Sum(raw), sha256.Sum256(raw), sha512.Sum512(raw)
	g := &generation{
		Generation: Generation{
			Dir: dir, Repomd: parsed, Size: int64(len(raw)), Timestamp: parsed.Timestamp, LoadedAt: loadedAt,
			MD5: hex.EncodeToString(m[:]), SHA1: hex.EncodeToString(s1[:]),
			SHA256: hex.EncodeToString(s256[:]), SHA512: hex.EncodeToString(s512[:]),
		},
		documents: docs,
		files:     make(map[string]*Object, len(members)+3),
	}
	hashed := hashedNames(parsed)
	for _, m := range members {
		g.bodies = append(g.bodies, m.body)
		g.add(m.name, m.modTime, m.body, hashed[m.name])
	}
	for name, doc := range map[string]document{
		repomdName: docs.repomd, signatureName: docs.signature, keyName: docs.key,
	} {
		if doc.data != nil {
			g.add(name, doc.modTime, pinnedBody(doc.data), false)
		}
	}
	return g
}

func (g *generation) add(name string, modTime time.Time, b *body, hashed bool) {
	if _, twice := g.files[name]; twice {
		return // two records of one file, each verified
	}
	g.files[name] = &Object{
		Name: path.Join(g.Dir, name), Size: b.size, ModTime: modTime, SHA256: b.sum,
		Immutable: hashed, Generation: &g.Generation,
		ETag:         fmt.Sprintf(`"%x"`, b.sum),
		LastModified: modTime.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"),
		body:         b,
	}
	g.bytes += b.size
	g.unhashed = g.unhashed || !hashed && name != repomdName
}

// hashedNames tells which of the listed names say their own checksum: under such a name there
// can be one content only, in every generation.
func hashedNames(r *repomd.Repomd) map[string]bool {
	hashed := make(map[string]bool, len(r.Data))
	for _, d := range r.Data {
		hashed[d.Href] = !d.Checksum.IsZero() && strings.Contains(path.Base(d.Href), d.Checksum.Hex)
	}
	return hashed
}

// damaged reports whether a file of g was found corrupt on disk since it was verified.
func (g *generation) damaged() bool {
	for _, b := range g.bodies {
		if b.lost.Load() {
			return true
		}
	}
	return false
}

// odd reports whether g has files that are not directly in repodata/. No known publisher does that.
func (g *generation) odd() bool {
	for name := range g.files {
		if path.Dir(name) != path.Dir(repomdName) {
			return true
		}
	}
	return false
}
