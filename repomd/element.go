package repomd

import "strings"

// children calls each for every child element of the current one, and returns behind its end
// tag. each is called at the child's start tag and must
// take it to its end, as the functions below do.
func children(s *scanner, each func() error) error {
	depth := s.depth
	for {
		tok, err := s.next()
		switch {
		case err != nil:
			return err
		case tok == endTag && s.depth == depth:
			return nil
		case tok == startTag:
			if err := each(); err != nil {
				return err
			}
		}
	}
}

// elementText is the text of the current element without its surrounding space, up to
// its end tag. The text of elements inside it is left out.
func elementText(s *scanner) (string, error) {
	var first string
	var more strings.Builder // text comes in one run, unless CDATA or a comment cuts it
	for depth := s.depth; ; {
		tok, err := s.next()
		switch {
		case err != nil:
			return "", err
		case tok == endTag && s.depth == depth:
			return strings.Trim(first+more.String(), space), nil
		case tok == textRun && s.depth == depth:
			piece, err := s.content()
			if err != nil {
				return "", err
			}
			if first == "" {
				first = piece
				continue
			}
			if more.Len()+len(piece) > maxToken {
				return "", errTokenSize
			}
			more.WriteString(piece)
		}
	}
}

// skip takes the current element to its end.
func skip(s *scanner) error {
	for depth := s.depth; ; {
		if tok, err := s.next(); err != nil || tok == endTag && s.depth == depth {
			return err
		}
	}
}

// elementChecksum reads <checksum type="…">…</checksum>, under whatever name.
func elementChecksum(s *scanner) (Checksum, error) {
	typ, err := s.attr("type")
	if err != nil {
		return Checksum{}, err
	}
	digest, err := elementText(s)
	if err != nil {
		return Checksum{}, err
	}
	return parseChecksum(typ, digest)
}

// elementLocation reads <location href="…" xml:base="…"/>.
func elementLocation(s *scanner) (href, base string, err error) {
	values, err := s.attr3("href", "xml:base")
	if err != nil {
		return "", "", err
	}
	if err := checkHref(values[0]); err != nil {
		return "", "", err
	}
	return values[0], values[1], skip(s)
}
