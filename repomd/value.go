package repomd

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// attr3 are the values of up to three attributes of the current start tag, by the names that
// they are spelled with; "" where one is absent. An attribute given twice is an error: readers
// disagree on which one counts.
func (s *scanner) attr3(names ...string) (values [3]string, err error) {
	var found [3]bool
	for rest := s.attrs; ; {
		var key, raw []byte
		if key, raw, rest, err = cutAttr(rest); err != nil || key == nil {
			return values, err
		}
		i := slices.Index(names, string(key))
		if i < 0 {
			continue
		}
		if found[i] {
			return values, fmt.Errorf("attribute %s given twice", names[i])
		}
		found[i] = true
		if values[i], err = unescape(raw); err != nil {
			return values, fmt.Errorf("attribute %s: %w", names[i], err)
		}
	}
}

// attr is the value of one attribute of the current start tag.
func (s *scanner) attr(name string) (string, error) {
	values, err := s.attr3(name)
	return values[0], err
}

// cutAttr cuts the first attribute off attrs; key is nil where there is none.
func cutAttr(attrs []byte) (key, value, rest []byte, err error) {
	attrs = trimSpace(attrs)
	if len(attrs) == 0 {
		return nil, nil, nil, nil
	}
	key, rest, found := bytes.Cut(attrs, []byte("="))
	key = bytes.TrimRight(key, space)
	rest = trimSpace(rest)
	if !found || !isName(key) || len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
		return nil, nil, nil, fmt.Errorf("attribute %q", clip(string(key)))
	}
	value, rest, found = bytes.Cut(rest[1:], rest[:1])
	if !found {
		return nil, nil, nil, fmt.Errorf("attribute %q without closing quote", clip(string(key)))
	}
	return key, value, rest, nil
}

// space is XML's white space.
const space = " \t\r\n"

func trimSpace(b []byte) []byte {
	for len(b) > 0 && strings.IndexByte(space, b[0]) >= 0 {
		b = b[1:]
	}
	return b
}

// content is the current text, unescaped.
func (s *scanner) content() (string, error) {
	if s.cdata {
		return checkText(strings.ReplaceAll(string(s.raw), "\r\n", "\n"))
	}
	return unescape(s.raw)
}

// unescape resolves XML's five entities and character references.
func unescape(raw []byte) (string, error) {
	if bytes.IndexByte(raw, '&') < 0 && bytes.IndexByte(raw, '\r') < 0 {
		return checkText(string(raw))
	}
	var b strings.Builder
	text := strings.ReplaceAll(string(raw), "\r\n", "\n")
	for {
		before, after, found := strings.Cut(strings.ReplaceAll(text, "\r", "\n"), "&")
		b.WriteString(before)
		if !found {
			return checkText(b.String())
		}
		name, rest, found := strings.Cut(after, ";")
		if !found {
			return "", errors.New("an & that begins no entity")
		}
		r, err := entity(name)
		if err != nil {
			return "", err
		}
		b.WriteRune(r)
		text = rest
	}
}

func entity(name string) (rune, error) {
	switch name {
	case "lt":
		return '<', nil
	case "gt":
		return '>', nil
	case "amp":
		return '&', nil
	case "quot":
		return '"', nil
	case "apos":
		return '\'', nil
	}
	if digits, ok := strings.CutPrefix(name, "#"); ok {
		base := 10
		if hex, ok := strings.CutPrefix(digits, "x"); ok {
			digits, base = hex, 16
		}
		if n, err := strconv.ParseUint(digits, base, 21); err == nil && utf8.ValidRune(rune(n)) {
			return rune(n), nil
		}
	}
	return 0, fmt.Errorf("entity %q", clip(name))
}

// checkText refuses what no XML document may hold.
func checkText(s string) (string, error) {
	for i, r := range s {
		if r >= 0x20 && r < utf8.RuneError || r == '\t' || r == '\n' || r == '\r' {
			continue
		}
		if r == utf8.RuneError && strings.HasPrefix(s[i:], "\ufffd") || r > utf8.RuneError && r != 0xfffe && r != 0xffff {
			continue
		}
		return "", fmt.Errorf("%q is not XML text", clip(s))
	}
	return s, nil
}

// parseSize reads a number of bytes; -1 where there is none.
func parseSize(s string) (int64, error) {
	if s == "" {
		return -1, nil
	}
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil {
		return 0, fmt.Errorf("%q is not a size", clip(s))
	}
	return int64(n), nil
}

// parseTime reads seconds since 1970. Very old createrepo wrote fractions: they are floored.
func parseTime(s string) (int64, error) {
	whole, fraction, _ := strings.Cut(s, ".")
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || strings.Trim(fraction, "0123456789") != "" || n == -1<<63 {
		return 0, fmt.Errorf("%q is not a time", clip(s))
	}
	if whole[0] == '-' && strings.Trim(fraction, "0") != "" {
		n--
	}
	return n, nil
}
