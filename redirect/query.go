package redirect

import (
	"strings"
)

// Query is what a mirrorlist or metalink request asks for.
type Query struct {
	ByRepo     bool // repo= and arch= were given
	Repo, Arch string
	ByPath     bool // path= was given; it wins over repo=
	Path       string
	IP         string   // ip=, unchecked
	Countries  []string // country=, upper case
	Protocol   string   // protocol= as it was spelled
	Protocols  []string // the same, taken apart
	Time       bool     // time, whatever its value
	Redirect   bool     // redirect, whatever its value
	Countme    int      // countme=: 1..4 by the age of the system; 0 where not counted
}

// MaxQuery is how much of a query string is read, in bytes. What lies beyond is not looked at.
const MaxQuery = 8 << 10

// maxWords bounds the lists of country= and protocol=.
const maxWords = 16

// ParseQuery reads a raw query string. It never fails: what it cannot use it leaves out, since
// every client answers an error on a list with a storm of retries. "+" means itself, as in the
// names of packages; a "%" that starts no escape means itself; of a parameter given twice the
// last counts. Unknown parameters and the literal $infra or $contentdir of an unset variable
// are ignored.
func ParseQuery(raw string) Query {
	var q Query
	var repo, arch bool
	for pair := range strings.SplitSeq(raw[:min(len(raw), MaxQuery)], "&") {
		key, value, _ := strings.Cut(pair, "=")
		value = unescape(value)
		switch unescape(key) {
		case "repo":
			q.Repo, repo = value, true
		case "arch":
			q.Arch, arch = value, true
		case "path":
			q.Path, q.ByPath = value, true
		case "ip":
			q.IP = value
		case "country":
			q.Countries = words(strings.ToUpper(value))
		case "protocol":
			q.Protocol, q.Protocols = value, words(strings.ToLower(value))
		case "time":
			q.Time = true
		case "redirect":
			q.Redirect = true
		case "countme":
			q.Countme = 0
			if len(value) == 1 && '1' <= value[0] && value[0] <= '4' {
				q.Countme = int(value[0] - '0')
			}
		}
	}
	q.ByRepo = repo && arch
	return q
}

// words takes a comma-separated list apart.
func words(s string) (list []string) {
	for word := range strings.SplitSeq(s, ",") {
		if word != "" && len(list) < maxWords {
			list = append(list, word)
		}
	}
	return list
}

// unescape decodes each %XX and leaves everything else as it is.
func unescape(s string) string {
	i := strings.IndexByte(s, '%')
	if i < 0 {
		return s
	}
	out := append(make([]byte, 0, len(s)), s[:i]...)
	for ; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if hi, lo := unhex(s[i+1]), unhex(s[i+2]); hi < 16 && lo < 16 {
				out = append(out, hi<<4|lo)
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

// maxEcho is the longest value that an answer repeats, in bytes.
const maxEcho = 256

// echo is a client's value as an answer may repeat it. An answer without Content-Type is what a
// browser guesses it to be, and a list is lines of URLs: what could make a tag, a line or another
// parameter of it stays percent-encoded, everything a name is made of stays as it is.
func echo(s string) string {
	const hex = "0123456789ABCDEF"
	s = s[:min(len(s), maxEcho)]
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case c <= ' ', c >= 0x7f, strings.IndexByte(`<>"'&%`, c) >= 0:
			out = append(out, '%', hex[c>>4], hex[c&15])
		default:
			out = append(out, c)
		}
	}
	return string(out)
}
