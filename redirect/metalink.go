package redirect

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"mirrorctl/mirror"
)

// Metalink answers a metalink request: the hosts, and the hashes of the generation that is served
// now and of those before it that mirrors may still hold. Every error is a comment in an empty
// document, for clients parse XML before they look at anything else.
func Metalink(s *Snapshot, q Query, c Client) Answer {
	now := s.options.Now()
	sub, no := s.find(q, c)
	if no != nil {
		return no.comment(q, now)
	}
	var versions []Generation
	dir, file := sub.dir, sub.file
	switch {
	case !q.ByPath:
		dir, file = dir.Join("repodata"), "repomd.xml"
		versions = s.options.Window.Alternates(s.metadata.Generations(sub.dir, sub.archived()), now)
	case file == "repomd.xml" && dir.Base() == "repodata":
		versions = s.options.Window.Alternates(s.metadata.Generations(dir.Dir(), sub.archived()), now)
	case file != "" && sub.entry.File.hashed():
		versions = []Generation{{File: sub.entry.File}}
	}
	a := sub.answer(mirror.KindMetalink, q)
	if len(versions) == 0 {
		no := refusal{http.StatusNotFound, string(dir) + "/" + file + " not found or has not metalink", OutcomeNoMetalink}
		missing := no.comment(q, now)
		missing.Repo, missing.Release, missing.State = a.Repo, a.Release, a.State
		return missing
	}
	sub.dir, sub.file = dir, file
	hosts := s.hosts(&sub, q, c)
	a.CacheControl, a.ContentType = hosts.cacheControl(), metalinkType
	var b bytes.Buffer
	b.Grow(2048)
	writeHeader(&b, now)
	b.WriteString(" <files>\n  <file name=\"")
	writeEscaped(&b, file)
	b.WriteString("\">\n")
	writeVersions(&b, versions)
	writeResources(&b, hosts.List, EscapePath(mirror.Path(file)), c.Scheme, fulfilled(hosts.List, q.Protocols))
	b.WriteString("  </file>\n </files>\n</metalink>\n")
	a.Body = b.Bytes()
	return a
}

const metalinkType = "application/metalink+xml"

func writeHeader(b *bytes.Buffer, now time.Time) {
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?>
<metalink version="3.0" xmlns="http://www.metalinker.org/" type="dynamic" pubdate="`)
	b.Write(now.UTC().AppendFormat(b.AvailableBuffer(), http.TimeFormat))
	// librepo compares "mm0:timestamp" as text, so the prefix is part of the format; encoding/xml
	// would choose its own.
	b.WriteString("\" generator=\"mirrormanager\" xmlns:mm0=\"http://fedorahosted.org/mirrormanager\">\n")
}

func writeVersions(b *bytes.Buffer, versions []Generation) {
	writeFile(b, "  ", &versions[0].File)
	if len(versions) == 1 {
		return
	}
	b.WriteString("   <mm0:alternates>\n")
	for i := range versions[1:] {
		b.WriteString("    <mm0:alternate>\n")
		writeFile(b, "     ", &versions[i+1].File)
		b.WriteString("    </mm0:alternate>\n")
	}
	b.WriteString("   </mm0:alternates>\n")
}

func writeFile(b *bytes.Buffer, indent string, f *File) {
	number := func(name string, n int64) {
		if n == 0 {
			return
		}
		b.WriteString(indent + " <" + name + ">")
		b.Write(strconv.AppendInt(b.AvailableBuffer(), n, 10))
		b.WriteString("</" + name + ">\n")
	}
	number("mm0:timestamp", f.Timestamp)
	number("size", f.Size)
	b.WriteString(indent + " <verification>\n")
	for _, h := range [...]struct{ kind, hex string }{{"md5", f.MD5}, {"sha1", f.SHA1}, {"sha256", f.SHA256}, {"sha512", f.SHA512}} {
		if h.hex == "" {
			continue
		}
		b.WriteString(indent + "  <hash type=\"" + h.kind + "\">")
		writeEscaped(b, h.hex)
		b.WriteString("</hash>\n")
	}
	b.WriteString(indent + " </verification>\n")
}

// writeResources lists the hosts: document order is librepo's order, preference is yum's. All
// URLs of one host share its preference.
func writeResources(b *bytes.Buffer, hosts []Host, file string, s Scheme, allowed []string) {
	b.WriteString("   <resources maxconnections=\"1\">\n")
	preference := 100
	for i := range hosts {
		h := &hosts[i]
		web := h.web(s, allowed)
		for _, u := range h.URLs {
			p := protocol(u)
			if isWeb(p) && u != web || !allows(allowed, p) {
				continue
			}
			// protocol= is no part of Metalink 3.0; the yum of Fedora 8 to 10 reads it.
			b.WriteString("    <url protocol=\"" + p + "\" type=\"" + p + "\" location=\"")
			writeEscaped(b, h.Country)
			b.WriteString("\" preference=\"")
			b.Write(strconv.AppendInt(b.AvailableBuffer(), int64(preference), 10))
			b.WriteByte('"')
			if h.Private {
				b.WriteString(` mm0:private="True"`)
			}
			b.WriteByte('>')
			writeEscaped(b, u)
			writeEscaped(b, file)
			b.WriteString("</url>\n")
		}
		preference = max(preference-1, 1)
	}
	b.WriteString("   </resources>\n")
}

// writeEscaped writes s as character data or as an attribute's value.
func writeEscaped(b *bytes.Buffer, s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '<' || c == '>' || c == '&' || c == '"' || c == '\'' {
			xml.EscapeText(b, []byte(s)) // a bytes.Buffer returns no error
			return
		}
	}
	b.WriteString(s)
}

// comment is the refusal as a metalink request gets it.
func (r *refusal) comment(q Query, now time.Time) Answer {
	var b bytes.Buffer
	writeHeader(&b, now)
	b.WriteString("<!-- " + commentText(r.text) + "\n-->\n</metalink>\n")
	return Answer{
		Status: r.status, ContentType: metalinkType, CacheControl: CacheList, Body: b.Bytes(),
		Kind: mirror.KindMetalink, Outcome: r.outcome, Countme: q.Countme,
	}
}

// commentText makes s fit for an XML comment, which may hold neither "--" nor what is no XML
// character at all.
func commentText(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r == 0xfffe || r == 0xffff {
			return utf8.RuneError
		}
		return r
	}, s)
	for strings.Contains(s, "--") {
		s = strings.ReplaceAll(s, "--", "-%2D")
	}
	return s
}
