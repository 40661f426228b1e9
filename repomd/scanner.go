package repomd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
)

// Limits of every document, whatever it is.
const (
	maxDepth = 64      // elements open at once
	maxToken = 1 << 20 // bytes of one tag, text run or comment
	maxName  = 256     // bytes of an element's name
)

// scanner reads XML as a stream of tags and text: what repositories are written in, and no
// more. It refuses DTDs, entities other than XML's five, encodings other than UTF-8, tags that
// do not nest, and anything over a limit. It does not look into attributes that nobody asks for,
// nor at namespaces: prefixes are cut off.
//
// What it gives is valid until the next call of next.
type scanner struct {
	window
	elements, maxElements int
	recordEnd             int64 // offset that may not be passed; 0 is none

	name  []byte // local name of the current start or end tag
	attrs []byte // of the current start tag, unparsed
	raw   []byte // the current text, as written
	cdata bool   // raw is CDATA

	depth  int           // open elements, the current start tag included
	begin  [maxDepth]int // where in stack the name of each begins
	stack  []byte        // names of the open elements, one after the other
	rooted bool          // the root element was seen
	due    bool          // the start tag just given was of an empty element: its end is next
	ended  bool          // the tag just given was an end
}

type token int

const (
	startTag token = iota + 1
	endTag
	textRun
)

// newScanner reads a document of at most maxBytes and maxElements.
func newScanner(r io.Reader, maxBytes int64, maxElements int) *scanner {
	s := &scanner{window: window{src: r, cap: maxBytes}, maxElements: maxElements}
	if s.at("\ufeff") {
		s.pos += len("\ufeff")
	}
	return s
}

// next advances to the next tag or text; depth counts the element of a start tag and still
// counts it at its end tag. At the end of a complete document the error is io.EOF.
func (s *scanner) next() (token, error) {
	tok, err := s.advance()
	if err == nil && s.recordEnd > 0 && s.offset() > s.recordEnd {
		err = errors.New("a record of too many bytes")
	}
	if err != nil && err != io.EOF {
		err = fmt.Errorf("byte %d: %w", s.offset(), err)
	}
	return tok, err
}

func (s *scanner) advance() (token, error) {
	switch {
	case s.due:
		s.due, s.ended = false, true
		return endTag, nil
	case s.ended:
		s.ended = false
		s.depth--
		s.stack = s.stack[:s.begin[s.depth]]
	}
	for {
		switch {
		case len(s.rest()) == 0 && !s.fill():
			return 0, s.end()
		case s.rest()[0] != '<':
			raw, err := s.text()
			if err != nil {
				return 0, err
			}
			if s.depth > 0 {
				s.raw, s.cdata = raw, false
				return textRun, nil
			}
			if len(bytes.TrimSpace(raw)) > 0 {
				return 0, errors.New("text outside the root element")
			}
		case s.at("</"):
			return endTag, s.takeEnd()
		case s.at("<?"):
			if err := s.takeInstruction(); err != nil {
				return 0, err
			}
		case s.at("<!--"):
			if _, err := s.until("-->", len("<!--")); err != nil {
				return 0, err
			}
		case s.at("<![CDATA[") && s.depth > 0:
			raw, err := s.until("]]>", len("<![CDATA["))
			s.raw, s.cdata = raw, true
			return textRun, err
		case s.at("<!"):
			return 0, errors.New("document types and other declarations are refused")
		default:
			return startTag, s.takeStart()
		}
	}
}

// end is the error at the end of the bytes: io.EOF where the document is complete.
func (s *scanner) end() error {
	if s.err == io.EOF && (s.depth > 0 || !s.rooted) {
		return io.ErrUnexpectedEOF
	}
	return s.err
}

func (s *scanner) takeStart() error {
	tag, err := s.tag(1)
	if err != nil {
		return err
	}
	if n := len(tag); n > 0 && tag[n-1] == '/' {
		tag, s.due = tag[:n-1], true
	}
	name := tag
	if i := bytes.IndexAny(tag, space); i >= 0 {
		name = tag[:i]
	}
	s.elements++
	switch {
	case len(name) == 0 || len(name) > maxName || !isName(name):
		return fmt.Errorf("element name %q", clip(string(name)))
	case s.depth == maxDepth:
		return fmt.Errorf("elements nested over %d deep", maxDepth)
	case s.depth == 0 && s.rooted:
		return errors.New("a second root element")
	case s.elements > s.maxElements:
		return fmt.Errorf("over %d elements", s.maxElements)
	}
	s.begin[s.depth] = len(s.stack)
	s.stack = append(s.stack, name...)
	s.depth++
	s.rooted = true
	s.name, s.attrs = localName(name), tag[len(name):]
	return nil
}

func (s *scanner) takeEnd() error {
	name, err := s.tag(2)
	if err != nil {
		return err
	}
	name = bytes.TrimRight(name, space)
	if s.depth == 0 {
		return fmt.Errorf("</%s> closes nothing", clip(string(name)))
	}
	if open := s.stack[s.begin[s.depth-1]:]; !bytes.Equal(name, open) {
		return fmt.Errorf("<%s> closed by </%s>", open, clip(string(name)))
	}
	s.name, s.ended = localName(name), true
	return nil
}

var encodingOf = regexp.MustCompile(`\sencoding\s*=\s*["']([^"']*)["']`)

// takeInstruction skips <?…?>, unless it is a declaration of an encoding other than UTF-8.
func (s *scanner) takeInstruction() error {
	body, err := s.until("?>", 2)
	if err != nil || !bytes.HasPrefix(body, []byte("xml ")) {
		return err
	}
	if m := encodingOf.FindSubmatch(body); m != nil {
		switch name := bytes.ToLower(m[1]); string(name) {
		case "utf-8", "utf8", "us-ascii", "ascii":
		default:
			return fmt.Errorf("encoding %q, want UTF-8", clip(string(name)))
		}
	}
	return nil
}

// isName is XML's rule for names as far as ASCII goes.
func isName(b []byte) bool {
	for i, c := range b {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == ':', c >= 0x80:
		case i > 0 && (c >= '0' && c <= '9' || c == '-' || c == '.'):
		default:
			return false
		}
	}
	return len(b) > 0
}

// localName cuts a namespace prefix off.
func localName(name []byte) []byte { return name[bytes.IndexByte(name, ':')+1:] }
