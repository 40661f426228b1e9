// Package repomd reads, checks and writes the metadata of an RPM repository:
// repomd.xml and the files that it lists. It knows bytes, not trees: it takes an
// fs.FS and a directory in it.
//
// It promises that bytes are kept verbatim: a Repomd carries the document as
// upstream wrote it, and whoever serves or archives it uses those bytes. Every
// parser has limits; input is taken to be hostile.
package repomd

import "time"

// Repomd is a parsed repomd.xml.
type Repomd struct {
	Raw       []byte // the document, verbatim
	Revision  string // free text
	Data      []Data // in document order; unknown types included
	Timestamp int64  // the newest <timestamp> over Data, seconds since 1970: what metalinks carry
}

// Data is one <data> record of repomd.xml: a file of the repository.
type Data struct {
	Type            string   // primary, filelists_db, group_gz, …
	Href            string   // relative to the repository, e.g. repodata/…-primary.xml.gz
	Base            string   // xml:base, "" in nearly every repository
	Checksum        Checksum // of the file as it lies there
	OpenChecksum    Checksum // of its content, uncompressed; zero where absent
	HeaderChecksum  Checksum // zchunk only
	Size            int64    // -1 where absent
	OpenSize        int64    // -1 where absent
	HeaderSize      int64    // zchunk only; -1 where absent
	Timestamp       int64    // seconds; fractions are floored
	DatabaseVersion int      // *_db only
}

// Checksum is a digest and the name of its algorithm as the document spells it.
type Checksum struct {
	Type string // md5, sha, sha1, sha224, sha256, sha384, sha512; "sha" means SHA-1
	Hex  string // lower case
}

// IsZero reports whether the document gave no checksum.
func (c Checksum) IsZero() bool { return c.Hex == "" }

// Parse reads a repomd.xml of at most MaxRepomd bytes. Hrefs that are absolute or leave the
// repository are refused. The result keeps raw; the caller must not change it.
func Parse(raw []byte) (*Repomd, error) { panic("to be written") }

// MaxRepomd is the largest repomd.xml accepted, in bytes.
const MaxRepomd = 4 << 20

// Time is Timestamp as a time.
func (r *Repomd) Time() time.Time { return time.Unix(r.Timestamp, 0).UTC() }
