package index

import (
	"bytes"
	"fmt"
	"io"

	"github.com/cavaliergopher/rpm"
)

// Tags of the signature header.
const (
	sigLongSize        = 270
	sigLongArchiveSize = 271
	sigSize            = 1000 // header and payload, in bytes
	sigPayloadSize     = 1007 // payload, uncompressed
)

// Tags of the header.
const (
	tagName            = 1000
	tagVersion         = 1001
	tagRelease         = 1002
	tagEpoch           = 1003
	tagSummary         = 1004
	tagDescription     = 1005
	tagBuildTime       = 1006
	tagBuildHost       = 1007
	tagSize            = 1009
	tagVendor          = 1011
	tagLicense         = 1014
	tagPackager        = 1015
	tagGroup           = 1016
	tagURL             = 1020
	tagArch            = 1022
	tagOldFilenames    = 1027 // whole paths, until rpm 4
	tagFileModes       = 1030
	tagFileFlags       = 1037
	tagSourceRPM       = 1044
	tagArchiveSize     = 1046
	tagChangelogTime   = 1080
	tagChangelogName   = 1081
	tagChangelogText   = 1082
	tagSourcePackage   = 1106
	tagDirIndexes      = 1116
	tagBasenames       = 1117
	tagDirnames        = 1118
	tagLongSize        = 5009
	tagFileCaps        = 5010
	tagPayloadSizeAlt  = 5113 // uncompressed; from rpm 6, which has no sizes in its signature header
	tagLongArchiveSize = 271
)

var signatureTags = tagSet(sigLongSize, sigLongArchiveSize, sigSize, sigPayloadSize)

var headerTags = func() map[uint32]bool {
	set := tagSet(tagName, tagVersion, tagRelease, tagEpoch, tagSummary, tagDescription, tagBuildTime, tagBuildHost, tagSize,
		tagVendor, tagLicense, tagPackager, tagGroup, tagURL, tagArch, tagOldFilenames, tagFileModes, tagFileFlags, tagFileCaps, tagSourceRPM,
		tagArchiveSize, tagChangelogTime, tagChangelogName, tagChangelogText, tagSourcePackage, tagDirIndexes, tagBasenames,
		tagDirnames, tagLongSize, tagPayloadSizeAlt, tagLongArchiveSize)
	for _, t := range dependencyTags {
		set[uint32(t.name)], set[uint32(t.flags)], set[uint32(t.version)] = true, true, true
	}
	return set
}()

func tagSet(tags ...uint32) map[uint32]bool {
	set := make(map[uint32]bool, len(tags))
	for _, t := range tags {
		set[t] = true
	}
	return set
}

// header is what the library read. Its own getters answer an absent tag, or one of a wrong type, with
// zero values and panic where lists differ in length; only GetTag is used, behind the accessors below.
type header struct {
	sig, main  *rpm.Header
	start, end int64 // of the header in the file
}

// readHeader reads both headers of an RPM file of size bytes.
func readHeader(r io.ReaderAt, size int64) (h *header, err error) {
	file, start, end, err := gate(r, size)
	if err != nil {
		return nil, err
	}
	// The gate leaves nothing that is known to make the library panic; what is not known
	// must not end a server.
	defer func() {
		if p := recover(); p != nil {
			h, err = nil, fmt.Errorf("header: %v", p)
		}
	}()
	p, err := rpm.Read(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	return &header{sig: &p.Signature, main: &p.Header, start: start, end: end}, nil
}

// texts are the strings of a tag; nil where it is absent or no string.
func texts(h *rpm.Header, tag int) []string { return h.GetTag(tag).StringSlice() }

// text is the first string of a tag. The others of a translated one are other languages.
func text(h *rpm.Header, tag int) string { return h.GetTag(tag).String() }

// numbers are the integers of a tag; nil where it is absent or no integer.
func numbers(h *rpm.Header, tag int) []int64 { return h.GetTag(tag).Int64Slice() }

// number is the first integer of a tag; ok is false where there is none, or a negative one.
func number(h *rpm.Header, tag int) (n int64, ok bool) {
	if v := numbers(h, tag); len(v) > 0 && v[0] >= 0 {
		return v[0], true
	}
	return 0, false
}

// firstNumber is the number of the first of the tags that h has; 0 where it has none.
func firstNumber(h *rpm.Header, tags ...int) int64 {
	for _, tag := range tags {
		if n, ok := number(h, tag); ok {
			return n
		}
	}
	return 0
}
