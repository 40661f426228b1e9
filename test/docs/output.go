package docs

import (
	"fmt"
	"strings"
)

const anything = "…"

// compare holds what was printed against what a page shows. Runs of blanks count as one: columns are
// as wide as the longest path. The error names the first line that nothing matches.
func compare(shown, printed string) error {
	want, got := lines(shown), lines(printed)
	if matched := match(want, got); matched < len(want) {
		return fmt.Errorf("nothing printed matches %q", want[matched])
	} else if matched > len(want) {
		return fmt.Errorf("more was printed than is shown; write %s where something was left out", anything)
	}
	return nil
}

// match returns len(want) where got matches, more where got goes on behind it, else the index of
// the line of want that could not be reached.
func match(want, got []string) (reached int) {
	if len(want) == 0 {
		return min(len(got), 1)
	}
	if want[0] != anything {
		if len(got) == 0 || !matchLine(want[0], got[0]) {
			return 0
		}
		return 1 + match(want[1:], got[1:])
	}
	for skip := range len(got) + 1 {
		n := 1 + match(want[1:], got[skip:])
		if n == len(want) {
			return n
		}
		if n < len(want) {
			reached = max(reached, n)
		}
	}
	return max(reached, 1)
}

// matchLine compares one line, in which "…" stands for any text.
func matchLine(want, got string) bool {
	parts := strings.Split(want, anything)
	if len(parts) == 1 {
		return want == got
	}
	rest, ok := strings.CutPrefix(got, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// lines are those of a text without blank ones, each with single blanks.
func lines(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			all = append(all, line)
		}
	}
	return all
}
