// Package strict reads YAML that people write: every key must be known, every error is one line that begins with
// file:line: and, where a key is misspelt, ends with the nearest name. A misspelt key that is ignored is
// an accident that shows a year later.
//
// It knows no key of anybody: the struct that is filled says what there is, by its yaml tags.
package strict

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// MaxFile is the largest file accepted, in bytes.
const MaxFile = 4 << 20

// Shaped is a type that is written in more than one way: Shape is the type whose keys n may have, nil
// where it has none.
type Shaped interface {
	Shape(n *yaml.Node) reflect.Type
}

// Decode fills v, a pointer to a struct, from the one document of raw; file is its name in errors. An empty document leaves v
// as it is.
func Decode(file string, raw []byte, v any) error {
	if len(raw) > MaxFile {
		return fmt.Errorf("%s: over %d bytes", file, MaxFile)
	}
	var doc yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return Located(file, err)
	}
	if err := (&checker{file, maxNodes}).check(doc.Content[0], reflect.TypeOf(v).Elem(), ""); err != nil {
		return err
	}
	if err := doc.Decode(v); err != nil {
		return Located(file, err)
	}
	return nil
}

// Located turns yaml's "yaml: line 3: …" and "yaml: unmarshal errors:\n  line 3: …" into file:3: …
func Located(file string, err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.TrimPrefix(text, "unmarshal errors:\n  ")
	text, _, _ = strings.Cut(text, "\n")
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		if line, what, ok := strings.Cut(rest, ": "); ok {
			return fmt.Errorf("%s:%s: %s", file, line, what)
		}
	}
	return fmt.Errorf("%s: %s", file, text)
}

// IsSection reports whether a value of type t has keys of its own.
func IsSection(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return t.Kind() == reflect.Struct &&
		!p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) && !p.Implements(reflect.TypeFor[yaml.Unmarshaler]())
}

// Fields are the fields of a struct that have a key.
func Fields(t reflect.Type) []reflect.StructField {
	var fs []reflect.StructField
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() && Key(f) != "-" {
			fs = append(fs, f)
		}
	}
	return fs
}

// Key is the key of a field, without options.
func Key(f reflect.StructField) string {
	key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return key
}
