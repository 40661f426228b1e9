package repomd

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// attr is the value of the attribute spelled name in the current start tag; "" where it is
// absent. An attribute given twice is an error: readers disagree on which one counts.
func (s *scanner) attr(name string) (string, error) {
	value, found := "", false
	for rest := s.attrs; ; {
		rest = bytes.TrimLeft(rest, " \t\r\n")
		if len(rest) == 0 {
			return value, nil
		}
		i := bytes.IndexByte(rest, '=')
		if i < 0 {
			return "", errors.New("an attribute without value")
		}
		key := bytes.TrimRight(rest[:i], " \t\r\n")
		rest = bytes.TrimLeft(rest[i+1:], " \t\r\n")
		if !isName(key) || len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
			return "", fmt.Errorf("attribute %q", clip(string(key)))
		}
		n := bytes.IndexByte(rest[1:], rest[0])
		if n < 0 {
			return "", fmt.Errorf("attribute %q without closing quote", clip(string(key)))
		}
		raw := rest[1 : 1+n]
		rest = rest[n+2:]
		if string(key) != name {
			continue
		}
		if found {
			return "", fmt.Errorf("attribute %s given twice", name)
		}
		found = true
		var err error
		if value, err = unescape(raw); err != nil {
			return "", fmt.Errorf("attribute %s: %w", name, err)
		}
	}
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
