package index

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"mirrorctl/repomd"
)

// record is a package in a repository: what its header says, and what the file adds to it.
type record struct {
	*Package
	location string // relative to the repository
	checksum repomd.Checksum
	fileTime int64
}

// xmlText is a growing piece of XML in the shape of createrepo_c's.
type xmlText []byte

// start writes "<name a="b"" with an indent; the caller closes the bracket.
func (x *xmlText) start(indent int, name string) {
	for range indent {
		*x = append(*x, "  "...)
	}
	*x = append(append(*x, '<'), name...)
}

func (x *xmlText) raw(s string) { *x = append(*x, s...) }

func (x *xmlText) attr(name, value string) {
	*x = append(append(append(*x, ' '), name...), '=', '"')
	*x = append(appendEscaped(*x, value, true), '"')
}

func (x *xmlText) number(name string, n int64) {
	*x = append(append(append(*x, ' '), name...), '=', '"')
	*x = append(strconv.AppendInt(*x, n, 10), '"')
}

// element writes one line with text between its tags.
func (x *xmlText) element(indent int, name, text string) {
	x.start(indent, name)
	x.text(name, text)
}

// text ends what start began: the bracket, the text, the closing tag.
func (x *xmlText) text(name, text string) {
	*x = appendEscaped(append(*x, '>'), text, false)
	*x = append(append(append(*x, "</"...), name...), ">\n"...)
}

func (x *xmlText) version(v EVR) {
	x.start(1, "version")
	x.number("epoch", v.Epoch)
	x.attr("ver", v.Version)
	x.attr("rel", v.Release)
	x.raw("/>\n")
}

// appendEscaped appends s as XML text or attribute value. Text that is no UTF-8 is taken for Latin-1, as old
// packages mean it; characters that XML 1.0 cannot hold are left out.
func appendEscaped(dst []byte, s string, attr bool) []byte {
	if !utf8.ValidString(s) {
		var u strings.Builder
		for _, c := range []byte(s) {
			if c < 0x80 || 0xa0 <= c {
				u.WriteRune(rune(c))
			}
		}
		s = u.String()
	}
	for _, r := range s {
		switch {
		case r == '&':
			dst = append(dst, "&amp;"...)
		case r == '<':
			dst = append(dst, "&lt;"...)
		case r == '>':
			dst = append(dst, "&gt;"...)
		case r == '\r':
			dst = append(dst, "&#13;"...)
		case attr && r == '"':
			dst = append(dst, "&quot;"...)
		case attr && r == '\n':
			dst = append(dst, "&#10;"...)
		case attr && r == '\t':
			dst = append(dst, "&#9;"...)
		case r < 0x20 && r != '\n' && r != '\t', r == 0xfffe, r == 0xffff:
		case attr && r >= utf8.RuneSelf: // as libxml2 writes attributes, so that the two can be compared byte by byte
			dst = fmt.Appendf(dst, "&#x%X;", r)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}
