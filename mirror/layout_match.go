package mirror

import "strings"

// spelling says whether a text is a part of a path or of a name.
type spelling bool

const (
	inPath spelling = false
	inName spelling = true
)

func (v value) in(s spelling) string {
	if s == inName {
		return v.name
	}
	return v.path
}

// matchPrefix matches the pattern against the first elements of path and tells where they end.
func (p pattern) matchPrefix(path string, b *binding) (end int, ok bool) {
	for i, elem := range p {
		if i > 0 {
			if end == len(path) {
				return 0, false
			}
			end++ // the slash
		}
		segment := path[end:]
		if n := strings.IndexByte(segment, '/'); n >= 0 {
			segment = segment[:n]
		}
		if segment == "" || !elem.match(segment, inPath, b) {
			return 0, false
		}
		end += len(segment)
	}
	return end, true
}

// matchAll matches the pattern against the whole of path.
func (p pattern) matchAll(path string, b *binding) bool {
	end, ok := p.matchPrefix(path, b)
	return ok && end == len(path)
}

// match matches all of s and binds the variables met for the first time; what was bound before
// must repeat. After a failure the binding is as it was.
func (t template) match(s string, sp spelling, b *binding) bool {
	if len(t) == 0 {
		return s == ""
	}
	p, rest := &t[0], t[1:]
	switch {
	case p.isLiteral():
		after, ok := strings.CutPrefix(s, p.literal)
		return ok && rest.match(after, sp, b)
	case b.has(p.v):
		after, ok := strings.CutPrefix(s, b.values[p.v].in(sp))
		return ok && rest.match(after, sp, b)
	case p.kind == words:
		for _, w := range p.words {
			if after, ok := strings.CutPrefix(s, value(w).in(sp)); ok {
				b.set(p.v, value(w))
				if rest.match(after, sp, b) {
					return true
				}
			}
		}
		b.clear(p.v)
		return false
	}
	// The longest text first. Where the variable is all that is left, no other will do.
	n := p.kind.span(s)
	if len(rest) == 0 && n < len(s) {
		return false
	}
	for ; n > 0; n-- {
		if val, ok := p.kind.read(s[:n]); ok {
			b.set(p.v, val)
			if rest.match(s[n:], sp, b) {
				return true
			}
		}
		if len(rest) == 0 {
			break
		}
	}
	b.clear(p.v)
	return false
}

// expand writes the text with the variables' values.
func (t template) expand(b *binding, sp spelling) string {
	if len(t) == 1 {
		return t[0].text(b, sp)
	}
	n := 0
	for i := range t {
		n += len(t[i].text(b, sp))
	}
	var out strings.Builder
	out.Grow(n)
	for i := range t {
		out.WriteString(t[i].text(b, sp))
	}
	return out.String()
}

func (p *part) text(b *binding, sp spelling) string {
	if p.isLiteral() {
		return p.literal
	}
	return b.values[p.v].in(sp)
}

// expand writes the path with the variables' values; "" for the empty pattern.
func (p pattern) expand(b *binding) string {
	elems := make([]string, len(p))
	for i, elem := range p {
		elems[i] = elem.expand(b, inPath)
	}
	return strings.Join(elems, "/")
}
