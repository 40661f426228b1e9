package fit

import (
	"errors"
	"fmt"
	"strings"

	"mirrorctl/repomd/index"
)

// need is one requirement: a relation, or a boolean expression of others ("(a and b)", "(a if b else c)").
type need struct {
	by, text string

	name, op string // of a relation
	evr      index.EVR

	word  string // and, or, if, unless, with, without; "" for a relation
	parts []need // two, or three where there is an else
}

// Limits of an expression. Real ones have three words and two levels.
const (
	maxRich  = 4096
	maxDepth = 16
)

func parseNeed(d index.Dependency) (need, error) {
	if !strings.HasPrefix(d.Name, "(") {
		return relation(d.Name, d.Op(), d.Version)
	}
	if len(d.Name) > maxRich {
		return need{}, fmt.Errorf("an expression of %d bytes, at most %d", len(d.Name), maxRich)
	}
	p := parser{rest: words(d.Name)}
	n, err := p.expression(0)
	if err == nil && len(p.rest) > 0 {
		err = fmt.Errorf("%q behind the expression", p.rest[0])
	}
	n.text = d.Name
	return n, err
}

func relation(name, op, version string) (need, error) {
	n := need{text: name, name: name, op: op}
	if op == "" {
		return n, nil
	}
	n.text = name + " " + op + " " + version
	var ok bool
	if n.evr, ok = index.ParseEVR(version); !ok {
		return n, fmt.Errorf("version %q", version)
	}
	return n, nil
}

// words cuts an expression at spaces and at the brackets that stand at the edge of a word: those inside belong to a name,
// as in libfoo.so.1()(64bit).
func words(s string) (list []string) {
	for word := range strings.FieldsSeq(s) {
		for strings.HasPrefix(word, "(") {
			list, word = append(list, "("), word[1:]
		}
		closing := 0
		for strings.HasSuffix(word, ")") && strings.Count(word, ")") > strings.Count(word, "(") {
			word, closing = word[:len(word)-1], closing+1
		}
		if word != "" {
			list = append(list, word)
		}
		for range closing {
			list = append(list, ")")
		}
	}
	return list
}

type parser struct{ rest []string }

func (p *parser) next() string {
	if len(p.rest) == 0 {
		return ""
	}
	w := p.rest[0]
	p.rest = p.rest[1:]
	return w
}

// expression reads a bracketed expression, or a relation.
func (p *parser) expression(depth int) (need, error) {
	if depth > maxDepth {
		return need{}, errors.New("an expression in too many brackets")
	}
	w := p.next()
	if w != "(" {
		return p.relation(w)
	}
	left, err := p.expression(depth + 1)
	for err == nil {
		word := p.next()
		switch word {
		case ")":
			return left, nil
		case "and", "or", "if", "unless", "with", "without":
		default:
			return left, fmt.Errorf("%q where and, or, if, unless, with or without belongs", word)
		}
		n := need{word: word, parts: []need{left}}
		var part need
		if part, err = p.expression(depth + 1); err != nil {
			break
		}
		n.parts = append(n.parts, part)
		if len(p.rest) > 0 && p.rest[0] == "else" && (word == "if" || word == "unless") {
			p.next()
			if part, err = p.expression(depth + 1); err != nil {
				break
			}
			n.parts = append(n.parts, part)
		}
		left = n
	}
	return left, err
}

// relation reads "name" or "name op version", of which the name is taken.
func (p *parser) relation(name string) (need, error) {
	if name == "" || name == ")" {
		return need{}, errors.New("an expression that ends too early")
	}
	if len(p.rest) < 2 {
		return relation(name, "", "")
	}
	op := map[string]string{"<": "LT", "<=": "LE", "=": "EQ", ">=": "GE", ">": "GT"}[p.rest[0]]
	if op == "" {
		return relation(name, "", "")
	}
	p.next()
	return relation(name, op, p.next())
}

// met reports whether the need can be met. "with" and "without" speak of one package, which is not looked at: each side is
// asked for itself, and "without" for its left side alone. A condition holds where it can be met.
func (n need) met(o *offers) bool {
	switch n.word {
	case "":
		return o.has(n.name, n.op, n.evr)
	case "and", "with":
		return n.parts[0].met(o) && n.parts[1].met(o)
	case "or":
		return n.parts[0].met(o) || n.parts[1].met(o)
	case "if": // a if b [else c]: with b installed a is needed, without it c
		return n.parts[0].met(o) || !n.parts[1].met(o) && (len(n.parts) < 3 || n.parts[2].met(o))
	case "unless": // a unless b [else c]
		return n.parts[0].met(o) || len(n.parts) == 3 && n.parts[2].met(o)
	}
	return n.parts[0].met(o) // without
}

// paths appends the files that the need names.
func (n need) paths(list []string) []string {
	if strings.HasPrefix(n.name, "/") {
		list = append(list, n.name)
	}
	for _, p := range n.parts {
		list = p.paths(list)
	}
	return list
}
