package webtest

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// block is one request and its expected answer.
type block struct {
	line           int
	method, target string
	send           http.Header
	status         string
	want           [][2]string // header and value
	absent         []string
	body           *string // nil: not looked at
	whole          bool    // a line without a line feed ended the body
}

func parse(text string) ([]*block, error) {
	var all []*block
	var b *block
	for i, line := range strings.Split(text, "\n") {
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "" || word == "#":
			continue
		case (word == "GET" || word == "HEAD" || word == "POST") && strings.HasPrefix(rest, "/"):
			b = &block{line: i + 1, method: word, target: rest, send: http.Header{}}
			all = append(all, b)
		case b == nil:
			return nil, fmt.Errorf("%d: %q stands before any request", i+1, line)
		case word == "=" && b.status == "":
			b.status = rest
		case word == "=" && rest == "empty":
			b.body = new(string)
		case word == "=" && strings.HasPrefix(rest, "!"):
			b.absent = append(b.absent, rest[1:])
		case word == "=":
			name, value, ok := strings.Cut(rest, ": ")
			if !ok {
				return nil, fmt.Errorf("%d: %q is no header", i+1, rest)
			}
			b.want = append(b.want, [2]string{name, value})
		case word == "|" || word == `\`:
			if b.body == nil {
				b.body = new(string)
			}
			if b.whole {
				return nil, fmt.Errorf("%d: the body has ended", i+1)
			}
			b.whole = word != "|"
			*b.body += rest
			if !b.whole {
				*b.body += "\n"
			}
		default:
			name, value, ok := strings.Cut(line, ": ")
			if !ok || b.status != "" {
				return nil, fmt.Errorf("%d: cannot read %q", i+1, line)
			}
			b.send.Add(name, value)
		}
	}
	for _, b := range all {
		if b.status == "" {
			return nil, fmt.Errorf("%d: no status is expected", b.line)
		}
	}
	return all, nil
}

// pattern compiles expected text with its variables.
func pattern(want string, vars map[string]string) *regexp.Regexp {
	for name, value := range vars {
		want = strings.ReplaceAll(want, "{"+name+"}", value)
	}
	want = strings.ReplaceAll(want, "{sp}", " ")
	want = regexp.QuoteMeta(want)
	want = strings.ReplaceAll(want, `\{any\}`, `[^\n]*`)
	want = strings.ReplaceAll(want, `\{rest\}`, `(?s:.*)`)
	return regexp.MustCompile(`\A` + want + `\z`)
}
