package repomd

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
)

// Limits of a primary.xml or a list of deltas.
const (
	maxPackageBytes = 16 << 20 // of one <package>; the largest of CentOS Stream 9 AppStream has 291 KB
	maxPackageName  = 1024     // of a name, a version, an arch
)

// Package is what primary.xml says of a package, as far as finding and proving its file goes.
type Package struct {
	Name, Arch              string
	Epoch, Version, Release string
	Checksum                Checksum // of the file; with its hex digits other files of the repository name the package
	Href                    string   // relative to the repository
	Base                    string   // xml:base: another place that Href is relative to; "" in nearly every repository
	Size                    int64    // of the file, bytes; -1 where absent
	Installed               int64    // bytes; -1 where absent
	BuildTime, FileTime     int64    // seconds since 1970
	Summary                 string
	SourceRPM               string // file name of the source package; "" for one
}

// NEVRA is name-[epoch:]version-release.arch, as dnf prints it: an epoch of 0 is left out.
func (p Package) NEVRA() string {
	epoch := ""
	if p.Epoch != "" && p.Epoch != "0" {
		epoch = p.Epoch + ":"
	}
	return p.Name + "-" + epoch + p.Version + "-" + p.Release + "." + p.Arch
}

// Packages reads a primary.xml as a stream, in document order. It keeps one package in memory,
// whatever the length of r. A package without name, href or checksum, or with an href that is
// absolute or leaves the repository, is an error; after an error the sequence ends, and what
// came before it is not to be relied on.
func Packages(r io.Reader) iter.Seq2[Package, error] {
	return func(yield func(Package, error) bool) {
		n := 0
		err := records(r, []string{"metadata"}, "package", func(s *scanner) (bool, error) {
			n++
			p, err := parsePackage(s)
			if err != nil {
				return false, fmt.Errorf("package %d (%q): %w", n, clip(p.Name), err)
			}
			return yield(p, nil), nil
		})
		if err != nil {
			yield(Package{}, fmt.Errorf("primary: %w", err))
		}
	}
}

// records calls each at the start tag of every child called name of the root, until it says no;
// each takes the child to its end. The root has one of the names of roots. Other children are skipped.
func records(r io.Reader, roots []string, name string, each func(*scanner) (bool, error)) error {
	s := newScanner(r, math.MaxInt64, math.MaxInt)
	for {
		tok, err := s.next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case tok != startTag:
		case s.depth == 1:
			if !slices.Contains(roots, string(s.name)) {
				return fmt.Errorf("root element <%s>, want <%s>", clip(string(s.name)), roots[0])
			}
		case s.depth == 2:
			s.recordEnd = s.offset() + maxPackageBytes
			if string(s.name) != name {
				if err := skip(s); err != nil {
					return err
				}
				continue
			}
			if more, err := each(s); err != nil || !more {
				return err
			}
		}
	}
}

// parsePackage reads one <package>, whose start tag is the current one.
func parsePackage(s *scanner) (Package, error) {
	p := Package{Size: -1, Installed: -1}
	err := children(s, func() error { return p.parseChild(s) })
	switch {
	case err != nil:
	case p.Name == "":
		err = fmt.Errorf("no name")
	case p.Href == "":
		err = fmt.Errorf("no location")
	case p.Checksum.IsZero():
		err = fmt.Errorf("no checksum")
	case max(len(p.Name), len(p.Arch), len(p.Epoch), len(p.Version), len(p.Release)) > maxPackageName:
		err = fmt.Errorf("a name of over %d bytes", maxPackageName)
	}
	return p, err
}

func (p *Package) parseChild(s *scanner) (err error) {
	twice := false
	switch string(s.name) {
	case "name":
		twice = p.Name != ""
		p.Name, err = elementText(s)
	case "arch":
		p.Arch, err = elementText(s)
	case "summary":
		p.Summary, err = elementText(s)
	case "checksum":
		twice = !p.Checksum.IsZero()
		p.Checksum, err = elementChecksum(s)
	case "location":
		twice = p.Href != ""
		p.Href, p.Base, err = elementLocation(s)
	case "version", "size", "time":
		err = p.parseAttrs(s)
	case "format":
		err = children(s, func() (err error) {
			if string(s.name) != "sourcerpm" {
				return skip(s)
			}
			p.SourceRPM, err = elementText(s)
			return err
		})
	default:
		err = skip(s)
	}
	if twice && err == nil {
		err = fmt.Errorf("name, checksum or location given twice")
	}
	return err
}

// parseAttrs reads the elements that say all in attributes.
func (p *Package) parseAttrs(s *scanner) error {
	var v [3]string
	var err, second error
	switch string(s.name) {
	case "version":
		v, err = s.attr3("epoch", "ver", "rel")
		p.Epoch, p.Version, p.Release = v[0], v[1], v[2]
	case "size":
		if v, err = s.attr3("package", "installed"); err == nil {
			p.Size, err = parseSize(v[0])
			p.Installed, second = parseSize(v[1])
		}
	case "time":
		if v, err = s.attr3("file", "build"); err == nil {
			p.FileTime, err = parseTime(v[0])
			p.BuildTime, second = parseTime(v[1])
		}
	}
	if err = cmp.Or(err, second); err != nil {
		return err
	}
	return skip(s)
}
