package strict

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"
)

// maxNodes bounds the walk: an alias may hold itself, and a few lines of aliases make a billion nodes.
const maxNodes = 1 << 20

// checker looks for keys that nobody knows.
type checker struct {
	file string
	left int // of maxNodes
}

// check reports every key of n that t has no field for, with its line and the nearest name.
func (c *checker) check(n *yaml.Node, t reflect.Type, prefix string) error {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if c.left--; c.left <= 0 {
		return fmt.Errorf("%s:%d: over %d values, aliases counted", c.file, n.Line, maxNodes)
	}
	if shaped, ok := reflect.Zero(t).Interface().(Shaped); ok {
		if t = shaped.Shape(n); t == nil {
			return nil
		}
	}
	var errs []error
	switch {
	case t.Kind() == reflect.Pointer:
		return c.check(n, t.Elem(), prefix)
	case t.Kind() == reflect.Slice && n.Kind == yaml.SequenceNode:
		for i := 0; i < len(n.Content) && c.left > 0; i++ {
			errs = append(errs, c.check(n.Content[i], t.Elem(), prefix))
		}
	case t.Kind() == reflect.Map && n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content) && c.left > 0; i += 2 {
			errs = append(errs, c.check(n.Content[i+1], t.Elem(), prefix+n.Content[i].Value+"."))
		}
	case IsSection(t) && n.Kind == yaml.MappingNode:
		fields := Fields(t)
		for i := 0; i+1 < len(n.Content) && c.left > 0; i += 2 {
			key := n.Content[i]
			at := slices.IndexFunc(fields, func(f reflect.StructField) bool { return Key(f) == key.Value })
			if at < 0 {
				errs = append(errs, fmt.Errorf("%s:%d: unknown key %q%s", c.file, key.Line, prefix+key.Value, didYouMean(key.Value, fields)))
				continue
			}
			errs = append(errs, c.check(n.Content[i+1], fields[at].Type, prefix+key.Value+"."))
		}
	}
	return errors.Join(errs...)
}

func didYouMean(key string, fields []reflect.StructField) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = Key(f)
	}
	return Nearest(key, names)
}

// Nearest is `; did you mean "name"?` for the one of names that s may be a misspelling of; "" where none is near.
func Nearest(s string, names []string) string {
	if len(s) > 100 {
		return ""
	}
	best, distance := "", 1+max(2, len(s)/2)
	for _, name := range names {
		if d := edits(s, name); d < distance {
			best, distance = name, d
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
