package repomd_test

import (
	"encoding/xml"
	"io"
	"iter"
	"strconv"
	"strings"

	"mirrorctl/repomd"
)

// oraclePackage is a package as encoding/xml reads it.
type oraclePackage struct {
	Name     string         `xml:"name"`
	Arch     string         `xml:"arch"`
	Version  oracleVersion  `xml:"version"`
	Checksum oracleChecksum `xml:"checksum"`
	Summary  string         `xml:"summary"`
	Time     struct {
		File  string `xml:"file,attr"`
		Build string `xml:"build,attr"`
	} `xml:"time"`
	Size struct {
		Package   string `xml:"package,attr"`
		Installed string `xml:"installed,attr"`
	} `xml:"size"`
	Location struct {
		Href string `xml:"href,attr"`
		Base string `xml:"http://www.w3.org/XML/1998/namespace base,attr"`
	} `xml:"location"`
	SourceRPM string `xml:"format>sourcerpm"`
}

type oracleVersion struct {
	Epoch string `xml:"epoch,attr"`
	Ver   string `xml:"ver,attr"`
	Rel   string `xml:"rel,attr"`
}

type oracleChecksum struct {
	Type string `xml:"type,attr"`
	Hex  string `xml:",chardata"`
}

// oraclePackages is Packages by encoding/xml.
func oraclePackages(r io.Reader) iter.Seq2[repomd.Package, error] {
	return func(yield func(repomd.Package, error) bool) {
		for dec := xml.NewDecoder(r); ; {
			tok, err := dec.Token()
			if err == io.EOF {
				return
			} else if err != nil {
				yield(repomd.Package{}, err)
				return
			}
			start, ok := tok.(xml.StartElement)
			if !ok || start.Name.Local != "package" {
				continue
			}
			var o oraclePackage
			if err := dec.DecodeElement(&o, &start); err != nil {
				yield(repomd.Package{}, err)
				return
			}
			if !yield(o.pack(), nil) {
				return
			}
		}
	}
}

func (o oraclePackage) pack() repomd.Package {
	number := func(s string) int64 {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return -1
		}
		return n
	}
	trim := strings.TrimSpace
	return repomd.Package{
		Name: trim(o.Name), Arch: trim(o.Arch),
		Epoch: o.Version.Epoch, Version: o.Version.Ver, Release: o.Version.Rel,
		Checksum: repomd.Checksum{Type: o.Checksum.Type, Hex: strings.ToLower(trim(o.Checksum.Hex))},
		Href:     o.Location.Href, Base: o.Location.Base,
		Size: number(o.Size.Package), Installed: number(o.Size.Installed),
		FileTime: number(o.Time.File), BuildTime: number(o.Time.Build),
		Summary: trim(o.Summary), SourceRPM: trim(o.SourceRPM),
	}
}
