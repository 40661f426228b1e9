package index

import (
	"errors"
	"fmt"
	"io"
)

// Package is what the header of an RPM package says.
type Package struct {
	Name string
	EVR
	Arch string // "src" for a source package, whatever it was built on

	Summary     string
	Description string
	Packager    string
	URL         string
	License     string
	Vendor      string
	Group       string
	BuildHost   string
	SourceRPM   string // "" for a source package

	BuildTime     int64 // seconds since 1970
	Size          int64 // of the file, in bytes
	InstalledSize int64 // on disk
	ArchiveSize   int64 // of the payload, uncompressed
	HeaderStart   int64 // offsets in the file
	HeaderEnd     int64

	Provides    []Dependency
	Requires    []Dependency
	Conflicts   []Dependency
	Obsoletes   []Dependency
	Suggests    []Dependency
	Enhances    []Dependency
	Recommends  []Dependency
	Supplements []Dependency

	Files      []File
	Changelogs []Changelog // newest first, as packagers write them
}

// NEVRA is name-[epoch:]version-release.arch.
func (p *Package) NEVRA() string { return p.Name + "-" + p.EVR.String() + "." + p.Arch }

// ReadPackage reads the header of the RPM package that is the first size bytes of r. The
// payload is not looked at, but it must be there: a file shorter than its signature header
// promises is refused. Memory is bounded by a small multiple of size, and by 64 MiB of header.
func ReadPackage(r io.ReaderAt, size int64) (*Package, error) {
	h, err := readHeader(r, size)
	if err != nil {
		return nil, err
	}
	m := h.main
	p := &Package{
		Name:          text(m, tagName),
		EVR:           EVR{Version: text(m, tagVersion), Release: text(m, tagRelease)},
		Arch:          text(m, tagArch),
		Summary:       text(m, tagSummary),
		Description:   text(m, tagDescription),
		Packager:      text(m, tagPackager),
		URL:           text(m, tagURL),
		License:       text(m, tagLicense),
		Vendor:        text(m, tagVendor),
		Group:         text(m, tagGroup),
		BuildHost:     text(m, tagBuildHost),
		SourceRPM:     text(m, tagSourceRPM),
		BuildTime:     firstNumber(m, tagBuildTime),
		Size:          size,
		InstalledSize: firstNumber(m, tagLongSize, tagSize),
		HeaderStart:   h.start,
		HeaderEnd:     h.end,
	}
	p.Epoch = firstNumber(m, tagEpoch)
	if p.ArchiveSize = firstNumber(h.sig, sigLongArchiveSize, sigPayloadSize); p.ArchiveSize == 0 {
		p.ArchiveSize = firstNumber(m, tagLongArchiveSize, tagArchiveSize, tagPayloadSizeAlt)
	}
	if p.Name == "" || p.Version == "" || p.Release == "" {
		return nil, errors.New("header: no name, version or release")
	}
	if promised := firstNumber(h.sig, sigLongSize, sigSize); promised > size-h.start {
		return nil, fmt.Errorf("truncated: %d bytes behind the signature header, which promises %d", size-h.start, promised)
	}
	if err := p.readDependencies(h); err != nil {
		return nil, err
	}
	// Only a source package lacks the name of its source package; old ones say it in no other way.
	if n, _ := number(m, tagSourcePackage); n != 0 || p.SourceRPM == "" {
		p.Arch = "src"
	}
	if p.Arch == "" {
		return nil, fmt.Errorf("header of %q: no architecture", p.Name)
	}
	if p.Files, err = h.files(); err != nil {
		return nil, err
	}
	if p.Changelogs, err = h.changelogs(); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Package) readDependencies(h *header) (err error) {
	for kind, list := range p.dependencyLists() {
		if *list, err = h.dependencies(kind); err != nil {
			return err
		}
	}
	return nil
}

func (p *Package) dependencyLists() [len(dependencyTags)]*[]Dependency {
	return [...]*[]Dependency{
		provides:    &p.Provides,
		requires:    &p.Requires,
		conflicts:   &p.Conflicts,
		obsoletes:   &p.Obsoletes,
		suggests:    &p.Suggests,
		enhances:    &p.Enhances,
		recommends:  &p.Recommends,
		supplements: &p.Supplements,
	}
}
