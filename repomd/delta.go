package repomd

import (
	"fmt"
	"io"
	"iter"
)

// Delta is a delta RPM as prestodelta.xml (Fedora, EL) and deltainfo.xml (SUSE) list it.
type Delta struct {
	Name, Arch string // of the package that it makes
	Href       string // relative to the repository, e.g. drpms/…
	Size       int64  // bytes; -1 where absent
	Checksum   Checksum
}

// Deltas reads a prestodelta.xml or deltainfo.xml as a stream, as Packages reads a primary.xml.
func Deltas(r io.Reader) iter.Seq2[Delta, error] {
	return func(yield func(Delta, error) bool) {
		stopped := false
		err := records(r, []string{"prestodelta", "deltainfo"}, "newpackage", func(s *scanner) (bool, error) {
			of, err := s.attr3("name", "arch")
			if err != nil {
				return false, err
			}
			err = children(s, func() error {
				if string(s.name) != "delta" {
					return skip(s)
				}
				d, err := parseDelta(s)
				if err != nil {
					return fmt.Errorf("delta of %q: %w", clip(of[0]), err)
				}
				d.Name, d.Arch = of[0], of[1]
				stopped = stopped || !yield(d, nil)
				return nil
			})
			return !stopped, err
		})
		if err != nil && !stopped {
			yield(Delta{}, fmt.Errorf("deltas: %w", err))
		}
	}
}

// parseDelta reads one <delta>, whose start tag is the current one.
func parseDelta(s *scanner) (Delta, error) {
	d := Delta{Size: -1}
	err := children(s, func() (err error) {
		switch string(s.name) {
		case "filename":
			if d.Href != "" {
				return fmt.Errorf("two file names")
			}
			if d.Href, err = elementText(s); err == nil {
				err = checkHref(d.Href)
			}
		case "checksum":
			d.Checksum, err = elementChecksum(s)
		case "size":
			var size string
			if size, err = elementText(s); err == nil {
				d.Size, err = parseSize(size)
			}
		default:
			err = skip(s)
		}
		return err
	})
	switch {
	case err != nil:
	case d.Href == "":
		err = fmt.Errorf("no file name")
	case d.Checksum.IsZero():
		err = fmt.Errorf("no checksum")
	}
	return d, err
}
