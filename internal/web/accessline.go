package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// stamp keeps the text of the second that was last logged.
type stamp struct {
	second int64
	text   []byte
}

func (s *stamp) at(t time.Time) []byte {
	if now := t.Unix(); now != s.second || s.text == nil {
		s.second = now
		s.text = t.AppendFormat(s.text[:0], "02/Jan/2006:15:04:05 -0700")
	}
	return s.text
}

// appendCombined writes Apache's combined format. Its time is that of the request's start.
func appendCombined(b []byte, e entry, s *stamp) []byte {
	b = appendAddr(b, e)
	b = append(b, " - - ["...)
	b = append(b, s.at(e.start)...)
	b = append(b, `] "`...)
	b = appendEscaped(b, e.r.Method)
	b = append(b, ' ')
	b = appendEscaped(b, loggedURI(e.r.RequestURI))
	b = append(b, ' ')
	b = append(b, e.r.Proto...)
	b = append(b, `" `...)
	b = strconv.AppendInt(b, int64(e.status), 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, e.bytes, 10)
	b = append(b, ` "`...)
	b = appendEscaped(b, orDash(loggedURI(first(e.r.Header, "Referer"))))
	b = append(b, `" "`...)
	b = appendEscaped(b, orDash(e.agent))
	return append(b, "\"\n"...)
}

// appendJSON writes one object with Caddy's key names; "mirror" holds what only we know.
func appendJSON(b []byte, e entry) []byte {
	b = append(b, `{"level":"info","ts":`...)
	b = strconv.AppendFloat(b, float64(e.start.UnixMicro())/1e6, 'f', 6, 64)
	b = append(b, `,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"`...)
	host, port, _ := cutPort(e.r.RemoteAddr)
	b = append(b, host...)
	b = append(b, `","remote_port":"`...)
	b = append(b, port...)
	b = append(b, `","client_ip":"`...)
	b = appendAddr(b, e)
	b = append(b, `","proto":`...)
	b = appendQuoted(b, e.r.Proto)
	b = append(b, `,"method":`...)
	b = appendQuoted(b, e.r.Method)
	b = append(b, `,"host":`...)
	b = appendQuoted(b, e.r.Host)
	b = append(b, `,"uri":`...)
	b = appendQuoted(b, loggedURI(e.r.RequestURI))
	b = append(b, `,"headers":{`...)
	comma := false
	for _, h := range [...]string{"User-Agent", "Referer", "Range"} {
		v := first(e.r.Header, h)
		if v == "" {
			continue
		}
		if comma {
			b = append(b, ',')
		}
		comma = true
		b = append(append(append(b, '"'), h...), `":[`...)
		b = append(appendQuoted(b, loggedURI(v)), ']')
	}
	b = append(b, `}},"bytes_read":0,"user_id":"","duration":`...)
	b = strconv.AppendFloat(b, e.took.Seconds(), 'f', 6, 64)
	b = append(b, `,"size":`...)
	b = strconv.AppendInt(b, e.bytes, 10)
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(e.status), 10)
	b = append(append(b, `,"mirror":{"site":"`...), e.facts.Site.String()...)
	b = append(append(b, `","kind":"`...), e.facts.Kind.String()...)
	b = append(append(b, `","cache":"`...), e.facts.Cache.String()...)
	b = append(b, `","release":`...)
	b = appendQuoted(b, e.facts.Release.String())
	return append(b, "}}\n"...)
}

// loggedURI is a URI as it may be logged: the query of a presigned URL is a key to the object.
func loggedURI(uri string) string {
	path, query, ok := strings.Cut(uri, "?")
	if !ok {
		return uri
	}
	for _, secret := range [...]string{"x-amz-", "x-goog-", "signature=", "awsaccesskeyid="} {
		if containsFold(query, secret) {
			return path
		}
	}
	return uri
}

// containsFold looks for lower in s, whatever the case there.
func containsFold(s, lower string) bool {
	for i := 0; i+len(lower) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(lower)], lower) {
			return true
		}
	}
	return false
}

func appendAddr(b []byte, e entry) []byte {
	if a := e.facts.Client.Addr; a.IsValid() {
		return a.AppendTo(b)
	}
	return append(b, '-')
}

func cutPort(hostport string) (host, port string, ok bool) {
	i := strings.LastIndexByte(hostport, ':')
	if i < 0 {
		return "", "", false
	}
	return strings.Trim(hostport[:i], "[]"), hostport[i+1:], true
}

func first(h http.Header, key string) string {
	if v := h[key]; len(v) > 0 {
		return v[0]
	}
	return ""
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

const hexDigits = "0123456789abcdef"

// appendEscaped writes what is not plain ASCII as \xHH, as nginx does: nobody forges a line.
func appendEscaped(b []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			b = append(b, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
			continue
		}
		b = append(b, c)
	}
	return b
}

// appendQuoted writes a JSON string.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n <= 1:
			b = append(b, `\ufffd`...)
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < 0x20 || r == 0x7f:
			b = append(b, `\u00`...)
			b = append(b, hexDigits[r>>4], hexDigits[r&15])
		default:
			b = append(b, s[i:i+n]...)
		}
		i += n
	}
	return append(b, '"')
}
