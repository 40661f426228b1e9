// Package repomd reads, checks and writes the metadata of an RPM repository:
// repomd.xml and the files that it lists. It knows bytes, not trees: it takes an
// fs.FS and a directory in it.
//
//	Parse, Load        repomd.xml; Marshal, Write the way back
//	Open, NewReader    content of a file, decompressed under Limits; NewWriter the way back
//	Packages, Deltas   what primary.xml and prestodelta.xml list, as streams
//	Data.Check         one file against its record
//	Verify             a repository against its repomd.xml, to the last package
//
// It promises that bytes are kept verbatim: a Repomd carries the document as
// upstream wrote it, and whoever serves or archives it uses those bytes. Every
// parser streams, has limits and a fuzz target; input is taken to be hostile. An
// href that it gives out is a clean path below the repository.
//
// It leaves to others: fetching, signatures, which generation to serve (repomd/hot), and
// primary.xml and its kin from packages (repomd/index).
package repomd

import (
	"slices"
	"time"
)

// Repomd is a parsed repomd.xml.
type Repomd struct {
	Raw       []byte // the document, verbatim
	Revision  string // free text
	Data      []Data // in document order; unknown types included
	Timestamp int64  // the newest <timestamp> over Data, seconds since 1970: what metalinks carry

	ID          string // <repoid>, "" in nearly every repository
	IDType      string // its type attribute
	Content     string // <contenthash>, an opaque digest over the package checksums
	ContentType string // its type attribute, e.g. primary_repo_pkgs_sha256
	Tags        Tags
}

// Tags are the free labels of a repository.
type Tags struct {
	Content, Repo []string
	Distro        []Distro
}

// Distro names a distribution that the repository belongs to.
type Distro struct{ CPE, Name string }

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

// Time is Timestamp as a time.
func (r *Repomd) Time() time.Time { return time.Unix(r.Timestamp, 0).UTC() }

// Find is the first record of the first of types that the document has.
func (r *Repomd) Find(types ...string) (d Data, found bool) {
	for _, typ := range types {
		if i := slices.IndexFunc(r.Data, func(d Data) bool { return d.Type == typ }); i >= 0 {
			return r.Data[i], true
		}
	}
	return Data{}, false
}
