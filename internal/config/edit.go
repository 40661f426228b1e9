package config

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"mirrorctl/mirror"
)

// SetEOL returns the configuration raw with the end-of-life date of r in its list releases: eol is
// YYYY-MM-DD or "never". YAML is asked where things stand; the text is changed in that place alone, so that
// comments, order and spacing of all else stay. What would not read back as the old configuration with
// that one change is an error. file is the name in errors.
func SetEOL(file string, raw []byte, r mirror.Release, eol string) ([]byte, error) {
	environment := func(string) string { return "" } // it is no part of the file
	before, err := Parse(file, raw, environment)
	if err != nil {
		return nil, err
	}
	want := setOverride(before.Releases, mirror.Override{Release: r, EOL: eol})
	calendar, err := mirror.BuiltinCalendar()
	if err != nil {
		return nil, err
	}
	if _, err := calendar.With(want); err != nil {
		return nil, err
	}
	item := fmt.Sprintf("{release: %s, eol: %s}", r, eol)
	edited := spliceEOL(raw, r, eol, item)
	after, err := Parse(file, edited, environment)
	if err == nil {
		before.Releases = want
		if reflect.DeepEqual(before, after) {
			return edited, nil
		}
	}
	return nil, fmt.Errorf("%s: its list releases: is written in a way that cannot be edited safely; add `- %s` to it by hand", file, item)
}

// setOverride is a list with o in it, in the place of the release's older entry or at the end.
func setOverride(list []mirror.Override, o mirror.Override) []mirror.Override {
	list = slices.Clone(list)
	for i := range list {
		if list[i].Release == o.Release {
			list[i] = o
			return list
		}
	}
	return append(list, o)
}

// spliceEOL makes the edit. Where it cannot, what it returns will not read back as it must.
func spliceEOL(raw []byte, r mirror.Release, eol, item string) []byte {
	lines := slices.Collect(bytes.Lines(raw))
	list := child(document(raw), "releases")
	switch {
	case list == nil:
		text := string(raw)
		if text != "" && !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		return []byte(text + "\nreleases:\n  - " + item + "\n")
	case list.Kind != yaml.SequenceNode: // an empty key, or an alias
		return raw
	}
	for _, entry := range list.Content {
		if release := child(entry, "release"); release != nil && release.Value == r.String() {
			if date := child(entry, "eol"); date != nil {
				return replaceAt(lines, date, eol)
			}
		}
	}
	if list.Style&yaml.FlowStyle != 0 {
		return closeList(lines, list, item)
	}
	last := list.Content[len(list.Content)-1]
	dash := lines[list.Content[0].Line-1]
	indent := dash[:len(dash)-len(bytes.TrimLeft(dash, " "))]
	at := min(lastLine(last), len(lines))
	if !bytes.HasSuffix(lines[at-1], []byte("\n")) {
		lines[at-1] = append(slices.Clone(lines[at-1]), '\n')
	}
	return bytes.Join(slices.Insert(lines, at, []byte(string(indent)+"- "+item+"\n")), nil)
}

func document(raw []byte) *yaml.Node {
	var doc yaml.Node
	if yaml.Unmarshal(raw, &doc) != nil || len(doc.Content) == 0 {
		return nil
	}
	return doc.Content[0]
}

// child is the value of a key; nil where n is no mapping or has none.
func child(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// replaceAt puts text in the place of a scalar, quotes and all.
func replaceAt(lines [][]byte, scalar *yaml.Node, text string) []byte {
	length := len(scalar.Value)
	if scalar.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		length += 2
	}
	line, from := lines[scalar.Line-1], scalar.Column-1
	if from+length <= len(line) {
		lines[scalar.Line-1] = slices.Concat(line[:from], []byte(text), line[from+length:])
	}
	return bytes.Join(lines, nil)
}

// closeList adds item before the bracket that ends a list on one line.
func closeList(lines [][]byte, list *yaml.Node, item string) []byte {
	line, depth := lines[list.Line-1], 0
	for i := list.Column - 1; i < len(line); i++ {
		switch line[i] {
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		}
		if depth == 0 {
			if len(list.Content) > 0 {
				item = ", " + item
			}
			lines[list.Line-1] = slices.Concat(line[:i], []byte(item), line[i:])
			break
		}
	}
	return bytes.Join(lines, nil)
}

// lastLine is the last line that n has a part on.
func lastLine(n *yaml.Node) int {
	last := n.Line
	for _, c := range n.Content {
		last = max(last, lastLine(c))
	}
	return last
}
