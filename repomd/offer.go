package repomd

import (
	"cmp"
	"fmt"
	"io"
	"iter"
)

// Offer is what a package of primary.xml can be required by.
type Offer struct {
	Name     string
	Provides []Capability
	Files    []string // the few that primary lists: below /etc, in a bin directory
}

// Capability is one entry of a package's provides.
type Capability struct {
	Name                    string
	Flags                   string // EQ, GE, LE, GT, LT; "" for any version
	Epoch, Version, Release string
}

// Offers reads what the packages of a primary.xml provide, as a stream. It keeps one package in memory.
func Offers(r io.Reader) iter.Seq2[Offer, error] {
	return func(yield func(Offer, error) bool) {
		err := records(r, []string{"metadata"}, "package", func(s *scanner) (bool, error) {
			var o Offer
			if err := children(s, func() error { return o.parseChild(s) }); err != nil {
				return false, fmt.Errorf("package %q: %w", clip(o.Name), err)
			}
			return yield(o, nil), nil
		})
		if err != nil {
			yield(Offer{}, fmt.Errorf("primary: %w", err))
		}
	}
}

func (o *Offer) parseChild(s *scanner) (err error) {
	switch string(s.name) {
	case "name":
		o.Name, err = elementText(s)
		return err
	case "format":
		return children(s, func() error {
			switch string(s.name) {
			case "provides":
				return children(s, func() error { return o.parseProvide(s) })
			case "file":
				f, err := elementText(s)
				o.Files = append(o.Files, f)
				return err
			}
			return skip(s)
		})
	}
	return skip(s)
}

func (o *Offer) parseProvide(s *scanner) error {
	names, err := s.attr3("name", "flags")
	version, second := s.attr3("epoch", "ver", "rel")
	if err := cmp.Or(err, second); err != nil {
		return err
	}
	o.Provides = append(o.Provides, Capability{Name: names[0], Flags: names[1], Epoch: version[0], Version: version[1], Release: version[2]})
	return skip(s)
}

// Paths reads the files of all packages of a filelists.xml, as a stream.
func Paths(r io.Reader) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		more := true
		err := records(r, []string{"filelists"}, "package", func(s *scanner) (bool, error) {
			return more, children(s, func() error {
				if !more || string(s.name) != "file" {
					return skip(s)
				}
				f, err := elementText(s)
				if err == nil {
					more = yield(f, nil)
				}
				return err
			})
		})
		if err != nil && more {
			yield("", fmt.Errorf("filelists: %w", err))
		}
	}
}
