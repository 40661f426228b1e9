package mirror

import "strings"

// Kind says what a file is. The set is closed: it labels metrics.
type Kind uint8

// The kinds of files and answers.
const (
	KindOther     Kind = iota // README, keys, whatever has no kind of its own
	KindRepomd                // repodata/repomd.xml
	KindSignature             // repomd.xml.asc, repomd.xml.key, *.sig
	KindPrimary
	KindFilelists
	KindOtherdata // other.xml: changelogs
	KindSqlite    // *_db of any type
	KindComps     // group, group_gz, …
	KindUpdateinfo
	KindModules
	KindPrestodelta
	KindMetadata // any other file in repodata/
	KindZchunk
	KindPackage
	KindSource // .src.rpm, .nosrc.rpm
	KindDelta  // .drpm
	KindISO
	KindTreeinfo
	KindChecksum // *-CHECKSUM, SHA256SUM …
	KindImage    // images/, isolinux/, EFI/ …
	KindListing  // a directory
	KindMirrorlist
	KindMetalink
	kinds
)

var kindNames = [kinds]string{
	"other", "repomd", "signature", "primary", "filelists", "other_xml", "sqlite", "comps", "updateinfo",
	"modules", "prestodelta", "metadata", "zchunk", "package", "srpm", "drpm", "iso", "treeinfo", "checksum",
	"image", "listing", "mirrorlist", "metalink",
}

// String is the kind's name in metrics, logs and JSON.
func (k Kind) String() string {
	if k < kinds {
		return kindNames[k]
	}
	return kindNames[KindOther]
}

// Kinds lists every kind, in order.
func Kinds() []Kind {
	all := make([]Kind, kinds)
	for i := range all {
		all[i] = Kind(i)
	}
	return all
}

// IsMetadata reports whether files of this kind live in repodata/.
func (k Kind) IsMetadata() bool { return KindRepomd <= k && k <= KindZchunk }

// KindOf tells a file's kind from its path alone.
func KindOf(p Path) Kind {
	base := p.Base()
	if p.Dir().Base() == "repodata" {
		return repodataKind(base)
	}
	switch {
	case strings.HasSuffix(base, ".src.rpm"), strings.HasSuffix(base, ".nosrc.rpm"):
		return KindSource
	case strings.HasSuffix(base, ".rpm"):
		return KindPackage
	case strings.HasSuffix(base, ".drpm"):
		return KindDelta
	case strings.HasSuffix(base, ".iso"):
		return KindISO
	case base == ".treeinfo", base == "treeinfo", base == ".discinfo":
		return KindTreeinfo
	case strings.HasSuffix(base, "CHECKSUM"), strings.HasSuffix(strings.TrimSuffix(base, "S"), "SUM"): // SHA256SUMS, MD5SUM
		return KindChecksum
	case strings.HasSuffix(base, ".asc"), strings.HasSuffix(base, ".sig"):
		return KindSignature
	}
	for dir := range strings.SplitSeq(string(p.Dir()), "/") {
		switch dir {
		case "images", "isolinux", "EFI", "LiveOS":
			return KindImage
		}
	}
	return KindOther
}

// repodataKind tells the kind of a file in repodata/ by the word behind its checksum prefix.
func repodataKind(base string) Kind {
	switch base {
	case "repomd.xml":
		return KindRepomd
	case "repomd.xml.asc", "repomd.xml.key":
		return KindSignature
	}
	name := base
	if i := strings.IndexByte(name, '-'); i >= 32 { // 32 hex digits is md5, the shortest
		name = name[i+1:]
	}
	switch {
	case strings.HasSuffix(name, ".zck"):
		return KindZchunk
	case strings.Contains(name, ".sqlite"):
		return KindSqlite
	}
	word, _, _ := strings.Cut(name, ".")
	switch word {
	case "primary":
		return KindPrimary
	case "filelists":
		return KindFilelists
	case "other":
		return KindOtherdata
	case "updateinfo":
		return KindUpdateinfo
	case "modules":
		return KindModules
	case "prestodelta", "deltainfo":
		return KindPrestodelta
	}
	if strings.HasPrefix(word, "comps") || word == "group" {
		return KindComps
	}
	return KindMetadata
}
