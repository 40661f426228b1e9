package mirror

import (
	"cmp"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

//go:embed eol.csv
var eolFile string

// Entry is one row of the calendar.
type Entry struct {
	Release  Release
	Released time.Time // zero where unknown
	EOL      time.Time // the last day of support, at 00:00 UTC; zero where there is none
	Source   string    // where the row is from: a URL, or "configuration"
	Checked  time.Time // when it was last compared with its source; zero where it was not
}

// Ended reports whether support has ended: whether the day of EOL is over, in UTC.
func (e Entry) Ended(now time.Time) bool { return e.endsBy(now) }

// endsBy reports whether support will have ended at t.
func (e Entry) endsBy(t time.Time) bool {
	return !e.EOL.IsZero() && !t.Before(e.EOL.AddDate(0, 0, 1))
}

// Calendar knows the end-of-life dates of releases. It is immutable.
type Calendar struct {
	entries map[Release]Entry
}

// BuiltinCalendar is the calendar that the program brings along: Fedora, EL, CentOS, EPEL and
// the rebuilds of EL. Each row has its source.
func BuiltinCalendar() (*Calendar, error) {
	c, err := ParseCalendar(strings.NewReader(eolFile))
	if err != nil {
		return nil, fmt.Errorf("built-in calendar: %w", err)
	}
	return c, nil
}

// ParseCalendar reads rows of product,version,released,eol,source,checked with that header. Lines that begin
// with # are comments. Errors name the line.
func ParseCalendar(r io.Reader) (*Calendar, error) {
	rows := csv.NewReader(r)
	rows.Comment = '#'
	rows.FieldsPerRecord = 6
	rows.ReuseRecord = true
	header, err := rows.Read()
	if err != nil || strings.Join(header, ",") != "product,version,released,eol,source,checked" {
		return nil, errors.Join(errors.New("want the header product,version,released,eol,source,checked"), err)
	}
	c := &Calendar{entries: map[Release]Entry{}}
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return c, nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := rows.FieldPos(0)
		e, err := parseEntry(row)
		if err == nil && !c.entries[e.Release].Release.IsZero() {
			err = fmt.Errorf("%s is listed twice", e.Release)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		c.entries[e.Release] = e
	}
}

func parseEntry(row []string) (e Entry, err error) {
	if e.Release, err = ParseRelease(row[0] + "-" + row[1]); err != nil {
		return e, err
	}
	if (e.Release != Release{Product: row[0], Version: row[1]}) {
		return e, fmt.Errorf("version %q holds a dash", clip(row[1]))
	}
	for _, d := range []struct {
		into *time.Time
		text string
	}{{&e.Released, row[2]}, {&e.EOL, row[3]}, {&e.Checked, row[5]}} {
		if *d.into, err = parseDate(d.text); err != nil {
			return e, err
		}
	}
	if e.Source = row[4]; e.Source == "" {
		return e, fmt.Errorf("%s has no source", e.Release)
	}
	if !e.EOL.IsZero() && e.EOL.Before(e.Released) {
		return e, fmt.Errorf("%s ends before it begins", e.Release)
	}
	return e, nil
}

// parseDate reads YYYY-MM-DD; "" is the zero time.
func parseDate(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return t, fmt.Errorf("date %q: want YYYY-MM-DD", clip(s))
	}
	return t, nil
}

// Override is the operator's own word on a release.
type Override struct {
	Release Release `yaml:"release" json:"release"`
	EOL     string  `yaml:"eol" json:"eol"` // YYYY-MM-DD, or "never"
}

// With returns a calendar in which the overrides replace or add rows.
func (c *Calendar) With(overrides []Override) (*Calendar, error) {
	n := &Calendar{entries: maps.Clone(c.entries)}
	seen := map[Release]bool{}
	for _, o := range overrides {
		if o.Release.IsZero() || seen[o.Release] {
			return nil, fmt.Errorf("releases: %q is empty or listed twice", o.Release)
		}
		seen[o.Release] = true
		e := n.entries[o.Release]
		e.Release, e.Source, e.Checked = o.Release, "configuration", time.Time{}
		var err error
		switch o.EOL {
		case "never":
			e.EOL = time.Time{}
		case "":
			err = errors.New(`want YYYY-MM-DD or "never"`)
		default:
			e.EOL, err = parseDate(o.EOL)
		}
		if err != nil {
			return nil, fmt.Errorf("releases: %s: eol: %w", o.Release, err)
		}
		n.entries[o.Release] = e
	}
	return n, nil
}

// Lookup finds the row of a release, or, for a minor version without one, that of its major version: el-7.9
// ends with el-7. Release of the result is the row's own.
func (c *Calendar) Lookup(r Release) (Entry, bool) {
	if e, ok := c.entries[r]; ok {
		return e, true
	}
	if v, ok := baseVersion(r.Version); ok {
		r.Version = wholeNumber(v)
		e, ok := c.entries[r]
		return e, ok
	}
	return Entry{}, false
}

// Due lists the rows that have ended, or will within the given time, the longest ended first.
func (c *Calendar) Due(now time.Time, within time.Duration) []Entry {
	var due []Entry
	for _, e := range c.entries {
		if e.endsBy(now.Add(within)) {
			due = append(due, e)
		}
	}
	slices.SortFunc(due, func(a, b Entry) int { return cmp.Or(a.EOL.Compare(b.EOL), a.Release.Compare(b.Release)) })
	return due
}

// Entries lists all rows, by release.
func (c *Calendar) Entries() []Entry {
	return slices.SortedFunc(maps.Values(c.entries), func(a, b Entry) int { return a.Release.Compare(b.Release) })
}
