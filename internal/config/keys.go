package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"

	"mirrorctl/mirror"
)

// checkKeys reports every key of n that t has no field for, with its line and the nearest
// name. A misspelt key that is ignored is an accident that shows a year later.
func checkKeys(file string, n *yaml.Node, t reflect.Type, prefix string) error {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	var errs []error
	switch {
	case t == reflect.TypeFor[Layout]():
		if n.Kind == yaml.SequenceNode {
			errs = append(errs, checkKeys(file, n, reflect.TypeFor[[]mirror.Rule](), prefix))
		}
	case t.Kind() == reflect.Slice && n.Kind == yaml.SequenceNode:
		for _, item := range n.Content {
			errs = append(errs, checkKeys(file, item, t.Elem(), prefix))
		}
	case isSection(t) && n.Kind == yaml.MappingNode:
		fields := fieldsOf(t)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			at := slices.IndexFunc(fields, func(f reflect.StructField) bool { return keyOf(f) == key.Value })
			if at < 0 {
				errs = append(errs, fmt.Errorf("%s:%d: unknown key %q%s", file, key.Line, prefix+key.Value, didYouMean(key.Value, fields)))
				continue
			}
			errs = append(errs, checkKeys(file, n.Content[i+1], fields[at].Type, prefix+key.Value+"."))
		}
	}
	return errors.Join(errs...)
}

func fieldsOf(t reflect.Type) []reflect.StructField {
	var fs []reflect.StructField
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() && keyOf(f) != "-" {
			fs = append(fs, f)
		}
	}
	return fs
}

// keyOf is the YAML key of a field, without options.
func keyOf(f reflect.StructField) string {
	tag := f.Tag.Get("yaml")
	for i := range len(tag) {
		if tag[i] == ',' {
			return tag[:i]
		}
	}
	return tag
}

func didYouMean(key string, fields []reflect.StructField) string {
	best, distance := "", 1+max(2, len(key)/2)
	for _, f := range fields {
		if d := edits(key, keyOf(f)); d < distance {
			best, distance = keyOf(f), d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// edits is the Levenshtein distance of a and b.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
