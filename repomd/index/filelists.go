package index

import "strings"

// appendFilelists appends a package's element of filelists.xml.
func (r *record) appendFilelists(dst []byte) []byte {
	x := xmlText(dst)
	r.appendHead(&x)
	for _, f := range r.Files {
		x.file(1, f)
	}
	x.raw("</package>\n")
	return x
}

// appendOther appends a package's element of other.xml: its last limit changes, or all
// where limit is negative, oldest first.
func (r *record) appendOther(dst []byte, limit int) []byte {
	x := xmlText(dst)
	r.appendHead(&x)
	for _, c := range lastChanges(r.Changelogs, limit) {
		x.start(1, "changelog")
		x.attr("author", c.Author)
		x.number("date", c.Time)
		x.text("changelog", c.Text)
	}
	x.raw("</package>\n")
	return x
}

// appendHead writes what filelists.xml and other.xml begin each package with.
func (r *record) appendHead(x *xmlText) {
	x.start(0, "package")
	x.attr("pkgid", r.checksum.Hex)
	x.attr("name", r.Name)
	x.attr("arch", r.Arch)
	x.raw(">\n")
	x.version(r.EVR)
}

// lastChanges is the newest limit entries, oldest first. Entries of one day carry one time;
// since yum keys them by time, each is moved a second behind the one before.
func lastChanges(newestFirst []Changelog, limit int) []Changelog {
	n := len(newestFirst)
	if limit >= 0 {
		n = min(n, limit)
	}
	list := make([]Changelog, n)
	for i := range list {
		c := newestFirst[n-1-i]
		c.Author = strings.TrimRight(c.Author, " ")
		if i > 0 && c.Time == list[i-1].Time {
			c.Time++
		}
		list[i] = c
	}
	return list
}
