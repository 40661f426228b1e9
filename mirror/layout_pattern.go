package mirror

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	maxVars    = 8   // variables of one rule
	maxPattern = 500 // bytes of one pattern
)

// variable is declared once in a rule and stands for the same text wherever it appears.
type variable struct {
	name  string
	kind  varKind
	words []word
}

// word is one choice of {name:a|b}: how paths spell it and how names do.
type word struct{ path, name string }

type variables struct {
	list  [maxVars]variable
	count int
}

func (vs *variables) find(name string) int {
	return slices.IndexFunc(vs.list[:vs.count], func(v variable) bool { return v.name == name })
}

// value is what a variable matched: as paths spell it, and as names do.
type value struct{ path, name string }

// binding holds the values of a rule's variables, by index.
type binding struct {
	values [maxVars]value
	bound  uint8 // a bit for each variable that has a value
}

func (b *binding) has(v int) bool { return b.bound&(1<<v) != 0 }

func (b *binding) set(v int, val value) {
	b.values[v] = val
	b.bound |= 1 << v
}

func (b *binding) clear(v int) { b.bound &^= 1 << v }

// part is a piece of a pattern: literal text, or a variable.
type part struct {
	literal string
	v       int // index of the variable; -1 for literal text
	kind    varKind
	words   []word
}

func (p part) isLiteral() bool { return p.v < 0 }

// template is text with variables: a name, an arch, a release, or one element of a path.
type template []part

// pattern is a path of templates.
type pattern []template

func (p pattern) empty() bool { return len(p) == 0 }

func compilePattern(s string, vars *variables) (pattern, error) {
	if len(s) > maxPattern {
		return nil, fmt.Errorf("%d bytes, at most %d", len(s), maxPattern)
	}
	if p, err := ParsePath(s); err != nil || string(p) != s || s == "" {
		return nil, fmt.Errorf("%q: want a clean path below the root, such as fedora/{version}", clip(s))
	}
	var p pattern
	for elem := range strings.SplitSeq(s, "/") {
		t, err := parseTemplate(elem, vars, true)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", clip(s), err)
		}
		if free := t.count(free); free > 1 {
			return nil, fmt.Errorf("%q: element %q holds %d free variables; where one ends is not clear", clip(s), elem, free)
		}
		if t.mayBeEmpty() {
			return nil, fmt.Errorf("%q: element %q may be empty", clip(s), elem)
		}
		p = append(p, t)
	}
	return p, nil
}

// compileTemplate compiles a text that declares no variables of its own.
func compileTemplate(s string, vars *variables) (template, error) {
	switch {
	case s == "":
		return nil, errors.New("is empty")
	case len(s) > maxPattern:
		return nil, fmt.Errorf("%d bytes, at most %d", len(s), maxPattern)
	}
	t, err := parseTemplate(s, vars, false)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", clip(s), err)
	}
	if free := t.count(free); free > 3 {
		return nil, fmt.Errorf("%q: %d free variables, at most 3", clip(s), free)
	}
	return t, nil
}

func parseTemplate(s string, vars *variables, declare bool) (template, error) {
	var t template
	for s != "" {
		text, rest, isVar := strings.Cut(s, "{")
		if strings.Contains(text, "}") {
			return nil, errors.New("} without {")
		}
		if text != "" {
			t = append(t, part{literal: text, v: -1})
		}
		if !isVar {
			break
		}
		body, after, ok := strings.Cut(rest, "}")
		if !ok {
			return nil, errors.New("{ without }")
		}
		p, err := parseVariable(body, vars, declare)
		if err != nil {
			return nil, err
		}
		t = append(t, p)
		s = after
	}
	return t, nil
}

func parseVariable(body string, vars *variables, declare bool) (part, error) {
	name, list, hasWords := strings.Cut(body, ":")
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_0123456789") != "" {
		return part{}, fmt.Errorf("{%s}: a variable's name is lower-case letters, digits and _", body)
	}
	v := vars.find(name)
	switch {
	case v >= 0 && hasWords:
		return part{}, fmt.Errorf("{%s} is declared twice; write {%s} from the second time on", body, name)
	case v < 0 && !declare:
		return part{}, fmt.Errorf("{%s} is not a variable of tree or dir", name)
	case v >= 0:
		return part{v: v, kind: vars.list[v].kind, words: vars.list[v].words}, nil
	case vars.count == maxVars:
		return part{}, fmt.Errorf("{%s}: more than %d variables in one rule", name, maxVars)
	}
	decl := variable{name: name, kind: kindOfVariable(name)}
	if hasWords {
		decl.kind = words
		for w := range strings.SplitSeq(list, "|") {
			inPath, inName, both := strings.Cut(w, "=")
			if !both {
				inName = inPath
			}
			decl.words = append(decl.words, word{inPath, inName})
		}
	}
	v = vars.count
	vars.list[v] = decl
	vars.count++
	return part{v: v, kind: decl.kind, words: decl.words}, nil
}

func (t template) uses(v int) bool {
	return slices.ContainsFunc(t, func(p part) bool { return p.v == v && !p.isLiteral() })
}

func (t template) count(k varKind) (n int) {
	for _, p := range t {
		if !p.isLiteral() && p.kind == k {
			n++
		}
	}
	return n
}

func (t template) mayBeEmpty() bool {
	return !slices.ContainsFunc(t, func(p part) bool {
		if p.isLiteral() || p.kind != words {
			return true
		}
		return !slices.ContainsFunc(p.words, func(w word) bool { return w.path == "" })
	})
}
