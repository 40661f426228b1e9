package gate

import (
	"bytes"
	"strings"
	"time"
)

// transcript is what a run of checks.sh prints, understood line by line as it comes: times are taken here, since a virtual
// machine's clock is its own.
type transcript struct {
	host  string
	done  bool
	tries []try

	rest []byte // a line's beginning
	now  func() time.Time
}

// try is one check as the script reports it.
type try struct {
	name                  string
	before, dumped, after string // records
	fail, skip            string
	notes                 []string
	ended                 bool
	begun, took           int64 // nanoseconds
}

// Limits of what is kept: what is under test may print what it likes.
const (
	maxLine  = 2000
	maxTries = 100
	maxNotes = 10
)

func newTranscript() *transcript { return &transcript{now: time.Now} }

func (t *transcript) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		if room := maxLine - len(t.rest); room > 0 {
			t.rest = append(t.rest, line[:min(room, len(line))]...)
		}
		if whole {
			t.line(strings.TrimRight(string(t.rest), "\r"))
			t.rest = t.rest[:0]
		}
		rest = after
	}
	return len(p), nil
}

func (t *transcript) line(line string) {
	rest, ok := strings.CutPrefix(line, "@@ ")
	if !ok {
		return
	}
	word, text, _ := strings.Cut(rest, " ")
	text = printable(text)
	switch {
	case word == "host":
		t.host = text
	case word == "done":
		t.done = true
	case word == "check" && len(t.tries) < maxTries:
		t.tries = append(t.tries, try{name: text, begun: t.now().UnixNano()})
	case len(t.tries) > 0 && !t.tries[len(t.tries)-1].ended:
		t.tries[len(t.tries)-1].line(word, text, t.now().UnixNano())
	}
}

func (y *try) line(word, text string, now int64) {
	switch word {
	case "before":
		y.before = text
	case "dumped":
		y.dumped = text
	case "after":
		y.after = text
	case "fail":
		if y.fail == "" {
			y.fail = text
		}
	case "skip":
		y.skip = text
	case "note":
		if len(y.notes) < maxNotes {
			y.notes = append(y.notes, text)
		}
	case "end":
		y.ended, y.took = true, now-y.begun
	}
}

// printable keeps control characters out of reports and terminals.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}
