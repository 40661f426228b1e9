package mirror

import "strings"

// mayLieIn reports whether a path of p may lie strictly below a path of outer. It errs towards
// yes only where two elements both hold variables of unlike form.
func (p pattern) mayLieIn(outer pattern) bool {
	if len(p) <= len(outer) {
		return false
	}
	for i, elem := range outer {
		if !elem.overlaps(p[i]) {
			return false
		}
	}
	return true
}

// overlaps reports whether some text may match both.
func (t template) overlaps(o template) bool {
	for _, pair := range [2][2]template{{t, o}, {o, t}} {
		texts, finite := pair[0].texts()
		if !finite {
			continue
		}
		for _, s := range texts {
			if pair[1].match(s, inPath, &binding{}) {
				return true
			}
		}
		return false
	}
	if len(t) == 1 && len(o) == 1 { // two lone variables
		isVersion := func(k varKind) bool { return k == version || k == major }
		a, b := t[0].kind, o[0].kind
		return a == free || b == free || a == b || isVersion(a) && isVersion(b)
	}
	a, b := t[0].literal, o[0].literal
	return strings.HasPrefix(a, b) || strings.HasPrefix(b, a)
}

// texts lists all texts that match t, where literals and words are all it holds.
func (t template) texts() (all []string, finite bool) {
	all = []string{""}
	for _, p := range t {
		choices := p.words
		if p.isLiteral() {
			choices = []word{{path: p.literal}}
		} else if p.kind != words {
			return nil, false
		}
		var longer []string
		for _, head := range all {
			for _, w := range choices {
				longer = append(longer, head+w.path)
			}
		}
		if all = longer; len(all) > 1000 {
			return nil, false
		}
	}
	return all, true
}
