package repomd

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

const (
	nsRepo = "http://linux.duke.edu/metadata/repo"
	nsRPM  = "http://linux.duke.edu/metadata/rpm"
)

// Marshal writes r as createrepo_c does, byte for byte: same shape, same order of elements and
// of records. r.Raw and r.Timestamp are not looked at, r is not changed. What Parse
// would refuse is an error.
//
// It is for repositories made here. One that came from upstream is served and archived as
// Raw: any other bytes break metalink hashes and signatures.
func Marshal(r *Repomd) ([]byte, error) {
	var w writer
	w.line(0, `<?xml version="1.0" encoding="UTF-8"?>`)
	w.line(0, `<repomd xmlns="%s" xmlns:rpm="%s">`, nsRepo, nsRPM)
	w.element(1, "revision", "", "", r.Revision)
	w.element(1, "repoid", "type", r.IDType, r.ID)
	w.element(1, "contenthash", "type", r.ContentType, r.Content)
	w.tags(r.Tags)
	for _, d := range slices.SortedStableFunc(slices.Values(r.Data), compareData) {
		w.data(d)
	}
	w.line(0, `</repomd>`)
	raw := w.Bytes()
	if _, err := Parse(raw); err != nil {
		return nil, fmt.Errorf("write %w", err)
	}
	return raw, nil
}

// Write writes Marshal(r) to w.
func Write(w io.Writer, r *Repomd) error {
	raw, err := Marshal(r)
	if err != nil {
		return err
	}
	_, err = w.Write(raw)
	return err
}

// firstTypes come first, in this order; createrepo_c's record_cmp.
var firstTypes = []string{
	"primary", "filelists", "other",
	"primary_db", "filelists_db", "other_db",
	"primary_zck", "filelists_zck", "other_zck",
}

func compareData(a, b Data) int {
	return cmp.Or(
		cmp.Compare(rank(a.Type), rank(b.Type)),
		cmp.Compare(a.Type, b.Type),
		cmp.Compare(a.Href, b.Href),
		cmp.Compare(a.Base, b.Base),
	)
}

func rank(typ string) int {
	if i := slices.Index(firstTypes, typ); i >= 0 {
		return i
	}
	return len(firstTypes)
}

// writer writes XML in the shape of libxml2's formatted output.
type writer struct{ bytes.Buffer }

var (
	escapeText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#13;")
	escapeAttr = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;",
		"\r", "&#13;", "\n", "&#10;", "\t", "&#9;")
)

func (w *writer) line(indent int, format string, args ...any) {
	fmt.Fprintf(w, "%*s", 2*indent, "")
	fmt.Fprintf(w, format, args...)
	w.WriteByte('\n')
}

// element writes <name attr="attrValue">value</name>, or nothing where both values are empty.
func (w *writer) element(indent int, name, attr, attrValue, value string) {
	if attrValue == "" && value == "" {
		return
	}
	open := name
	if attrValue != "" {
		open += fmt.Sprintf(` %s="%s"`, attr, escapeAttr.Replace(attrValue))
	}
	if value == "" {
		w.line(indent, `<%s/>`, open)
		return
	}
	w.line(indent, `<%s>%s</%s>`, open, escapeText.Replace(value), name)
}

func (w *writer) tags(t Tags) {
	if len(t.Content)+len(t.Repo)+len(t.Distro) == 0 {
		return
	}
	w.line(1, `<tags>`)
	for _, c := range t.Content {
		w.element(2, "content", "", "", c)
	}
	for _, r := range t.Repo {
		w.element(2, "repo", "", "", r)
	}
	for _, d := range t.Distro {
		w.element(2, "distro", "cpeid", d.CPE, d.Name)
	}
	w.line(1, `</tags>`)
}

func (w *writer) data(d Data) {
	w.line(1, `<data type="%s">`, escapeAttr.Replace(d.Type))
	w.checksum("checksum", d.Checksum)
	w.checksum("open-checksum", d.OpenChecksum)
	w.checksum("header-checksum", d.HeaderChecksum)
	base := ""
	if d.Base != "" {
		base = fmt.Sprintf(` xml:base="%s"`, escapeAttr.Replace(d.Base))
	}
	w.line(2, `<location href="%s"%s/>`, escapeAttr.Replace(d.Href), base)
	w.line(2, `<timestamp>%d</timestamp>`, d.Timestamp)
	w.size("size", d.Size)
	w.size("open-size", d.OpenSize)
	w.size("header-size", d.HeaderSize)
	if d.DatabaseVersion != 0 {
		w.line(2, `<database_version>%d</database_version>`, d.DatabaseVersion)
	}
	w.line(1, `</data>`)
}

func (w *writer) checksum(name string, c Checksum) {
	if !c.IsZero() {
		w.element(2, name, "type", c.Type, c.Hex)
	}
}

func (w *writer) size(name string, n int64) {
	if n >= 0 {
		w.line(2, `<%s>%d</%s>`, name, n, name)
	}
}
