package clients

import (
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// request is one line of the combined access log.
type request struct {
	method, target string
	status         int
	agent          string
}

var combined = regexp.MustCompile(`^\S+ \S+ \S+ \[[^]]+\] "(\S+) (\S+) [^"]*" (\d{3}) \S+ "[^"]*" "([^"]*)"`)

// accessLog reads the lines that a server has written since the last read.
type accessLog struct {
	file   string
	offset int
}

// next returns the new requests. The server flushes its log within a second.
func (l *accessLog) next(t testing.TB) []request {
	t.Helper()
	time.Sleep(1300 * time.Millisecond)
	raw, err := os.ReadFile(l.file)
	if err != nil {
		t.Fatal(err)
	}
	fresh := raw[l.offset:]
	l.offset = len(raw)
	var all []request
	for len(fresh) > 0 {
		line := fresh
		for i, c := range fresh {
			if c == '\n' {
				line, fresh = fresh[:i], fresh[i+1:]
				break
			}
		}
		m := combined.FindSubmatch(line)
		if m == nil {
			t.Fatalf("not a line of a combined log: %q", line)
		}
		status, _ := strconv.Atoi(string(m[3]))
		if target := string(m[2]); target != "/readyz" {
			all = append(all, request{string(m[1]), target, status, string(m[4])})
		}
	}
	return all
}
