package archive

import (
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"mirrorctl/internal/durable"
	"mirrorctl/mirror"
	"mirrorctl/repomd"
)

// Entry is one name of a release: a line of its manifest. It is what was found in the root
// and, of a file, the hash of its bytes.
type Entry struct {
	Path   mirror.Path `json:"path"`
	Type   Type        `json:"type"`
	Mode   uint32      `json:"mode"`           // st_mode & 07777
	Size   int64       `json:"size,omitempty"` // bytes of a file
	MTime  int64       `json:"mtime"`          // nanoseconds since 1970
	Sum    Sum         `json:"sha256,omitzero"`
	Target string      `json:"target,omitempty"` // of a symlink, verbatim

	// HardLink is the first name, in order, of the same inode, where this is another one.
	HardLink mirror.Path `json:"hardlink,omitempty"`

	Inode uint64 `json:"inode"`
	Links uint64 `json:"links,omitempty"` // st_nlink
	CTime int64  `json:"ctime"`           // nanoseconds since 1970
	UID   uint32 `json:"uid"`
	GID   uint32 `json:"gid"`

	// Claims are what metadata says of the file; empty where nothing speaks for it.
	Claims []Claim `json:"claims,omitempty"`
	// Accepted marks a file that contradicts its claims and that an operator let pass.
	Accepted bool `json:"accepted,omitempty"`
}

// Claim is what one document says of a file: its authority.
type Claim struct {
	By   Authority   `json:"by"`
	In   mirror.Path `json:"in"`   // the document
	Size int64       `json:"size"` // -1 where it says nothing
	Algo string      `json:"algo,omitempty"`
	Hex  string      `json:"hex,omitempty"`
}

func (c Claim) checksum() repomd.Checksum { return repomd.Checksum{Type: c.Algo, Hex: c.Hex} }

// Authority is the kind of document that a Claim comes from.
type Authority string

// The authorities.
const (
	ByRepomd   Authority = "repomd"      // repomd.xml, of its metadata
	ByPrimary  Authority = "primary"     // primary.xml, of packages
	ByDeltas   Authority = "prestodelta" // prestodelta.xml, of delta packages
	ByTreeinfo Authority = "treeinfo"    // .treeinfo, of install images
	BySums     Authority = "checksums"   // *-CHECKSUM, SHA256SUM …, of isos
)

// Type is what a name is.
type Type string

// The types that can be archived. Devices, sockets and fifos cannot.
const (
	File    Type = "file"
	Dir     Type = "dir"
	Symlink Type = "symlink"
)

func (t Type) known() bool { return t == File || t == Dir || t == Symlink }

// Sum is a SHA-256. The zero Sum means that it is not known.
type Sum [32]byte

// IsZero reports whether the sum is not known.
func (s Sum) IsZero() bool { return s == Sum{} }

func (s Sum) String() string { return hex.EncodeToString(s[:]) }

// MarshalText writes 64 hex digits.
func (s Sum) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, s[:]), nil }

// UnmarshalText reads 64 hex digits, lower case.
func (s *Sum) UnmarshalText(b []byte) error {
	if len(b) != 2*len(s) || strings.ToLower(string(b)) != string(b) {
		return fmt.Errorf("SHA-256 %q: want 64 lower-case hex digits", clip(string(b)))
	}
	_, err := hex.Decode(s[:], b)
	return err
}

// bytes is what e adds to the size of a release: another name of an inode adds nothing.
func (e Entry) bytes() int64 {
	if e.Type != File || e.HardLink != "" {
		return 0
	}
	return e.Size
}

// ModTime is MTime as a time.
func (e Entry) ModTime() time.Time { return time.Unix(0, e.MTime) }

// FileMode is Type and Mode in Go's terms.
func (e Entry) FileMode() fs.FileMode {
	m := fs.FileMode(e.Mode & 0o777)
	for bit, mode := range map[uint32]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky} {
		if e.Mode&bit != 0 {
			m |= mode
		}
	}
	switch e.Type {
	case Dir:
		m |= fs.ModeDir
	case Symlink:
		m |= fs.ModeSymlink
	}
	return m
}

// Attr is what durable gives a copy of e. Owners can be given away by root alone: anyone
// else's copies are their own.
func (e Entry) Attr() durable.Attr {
	a := durable.Attr{Mode: e.Mode, MTime: e.ModTime(), Symlink: e.Type == Symlink}
	if os.Geteuid() == 0 {
		a.Owner = &durable.Owner{UID: e.UID, GID: e.GID}
	}
	return a
}

// check refuses an entry that no scan could have made: it is about to become a path.
func (e Entry) check() error {
	p, err := mirror.ParsePath(string(e.Path))
	switch {
	case err != nil:
		return err
	case p != e.Path || p == "":
		return fmt.Errorf("%w %q: not as written in a manifest", mirror.ErrBadPath, clip(string(e.Path)))
	case !e.Type.known():
		return fmt.Errorf("%q: type %q is not file, dir or symlink", e.Path, clip(string(e.Type)))
	case e.Size < 0, e.Mode > 0o7777:
		return fmt.Errorf("%q: size %d, mode %o", e.Path, e.Size, e.Mode)
	case (e.Target != "") != (e.Type == Symlink):
		return fmt.Errorf("%q: a %s with target %q", e.Path, e.Type, clip(e.Target))
	case e.HardLink != "" && (e.Type == Dir || e.HardLink >= e.Path):
		return fmt.Errorf("%q: hard link to %q, which is no earlier name", e.Path, clip(string(e.HardLink)))
	}
	return nil
}

// clip shortens outside input for an error text.
func clip(s string) string {
	if len(s) > 120 {
		return s[:120] + "…"
	}
	return s
}
