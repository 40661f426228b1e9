package redirect

import (
	"net/http"
	"slices"
	"strconv"

	"mirrorctl/mirror"
)

// Mirrorlist answers a mirrorlist request: a comment line, then one URL per host. Every error
// is text without a Content-Type.
func Mirrorlist(s *Snapshot, q Query, c Client) Answer {
	sub, no := s.find(q, c)
	if no != nil {
		return no.plain(q)
	}
	hosts := s.hosts(&sub, q, c)
	allowed := fulfilled(hosts.List, q.Protocols)
	a := sub.answer(mirror.KindMirrorlist, q)
	a.CacheControl, a.ContentType = hosts.cacheControl(), "text/plain"
	file := EscapePath(mirror.Path(sub.file))

	if q.Redirect {
		for _, h := range hosts.List {
			if u := h.web(c.Scheme, allowed); u != "" {
				a.Status, a.Location = http.StatusFound, u+file
				return a
			}
		}
		a.Status, a.Outcome = http.StatusNotFound, OutcomeNoURL
		return a
	}

	b := make([]byte, 0, 512)
	b = append(b, sub.head...)
	b = append(b, hosts.Notes...)
	if q.Protocol != "" {
		b = append(append(b, "protocol = "...), echo(q.Protocol)...)
	}
	if q.Time {
		b = append(b, "\n# database creation time: "...)
		b = strconv.AppendInt(b, s.options.Made.Unix(), 10)
	}
	b = append(b, '\n')
	for _, h := range hosts.List {
		if u := h.line(c.Scheme, allowed); u != "" {
			b = append(append(append(b, u...), file...), '\n')
		}
	}
	a.Body = b
	return a
}

// line is the one URL of h in a text list: for the web if there is one, else ftp, else what
// protocol= asked for by name.
func (h *Host) line(s Scheme, allowed []string) string {
	if u := h.web(s, allowed); u != "" {
		return u
	}
	for _, u := range h.URLs {
		if p := protocol(u); p == "ftp" && allows(allowed, p) || slices.Contains(allowed, p) {
			return u
		}
	}
	return ""
}

// plain is the refusal as a mirrorlist request gets it.
func (r *refusal) plain(q Query) Answer {
	return Answer{
		Status: r.status, CacheControl: CacheList, Body: []byte(r.text),
		Kind: mirror.KindMirrorlist, Outcome: r.outcome, Countme: q.Countme,
	}
}
