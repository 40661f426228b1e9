package rpmbuild

import (
	"bytes"
	"io"
	"strings"
)

// lastError passes output on and remembers its last line that tells of an error.
type lastError struct {
	w      io.Writer
	line   []byte // the one that is not complete
	last   string // of all
	failed string // that begins with error:
}

const longest = 400 // bytes of a line that are looked at

func (l *lastError) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		line, after, complete := bytes.Cut(rest, []byte("\n"))
		l.line = append(l.line, line[:min(len(line), longest-len(l.line))]...)
		if complete {
			l.note()
		}
		rest = after
	}
	if l.w == nil {
		return len(p), nil
	}
	return l.w.Write(p)
}

func (l *lastError) note() {
	text := strings.TrimSpace(strings.ToValidUTF8(string(l.line), ""))
	l.line = l.line[:0]
	if text != "" {
		l.last = text
	}
	if why, ok := strings.CutPrefix(text, "error: "); ok {
		l.failed = why
	}
}

// String is the line. Control characters of a hostile log stay out of it.
func (l *lastError) String() string {
	l.note()
	text := l.failed
	if text == "" {
		text = l.last
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, text)
}
