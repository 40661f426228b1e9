package mirror_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrorctl/mirror"
)

func calendar(t testing.TB) *mirror.Calendar {
	t.Helper()
	c, err := mirror.BuiltinCalendar()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestBuiltinCalendarIsComplete(t *testing.T) {
	c := calendar(t)
	need := func(product string, from, to int) {
		for v := from; v <= to; v++ {
			r := release(t, fmt.Sprintf("%s-%d", product, v))
			e, ok := c.Lookup(r)
			if !ok || e.Release != r || e.EOL.IsZero() || !strings.HasPrefix(e.Source, "https://") {
				t.Errorf("%s: %+v, %v", r, e, ok)
			}
		}
	}
	need("fedora", 1, 44)
	need("el", 3, 10)
	need("centos", 2, 8)
	need("centos-stream", 8, 10)
	need("epel", 4, 10)
	for _, e := range c.Entries() { // Fedora lives for a year, EL for seven and more
		life := e.EOL.Sub(e.Released).Hours() / 24 / 365
		if e.Release.Product == "fedora" && (life < 0.75 || life > 1.7) || e.Release.Product == "el" && (life < 6.9 || life > 10.2) {
			t.Errorf("%s lived for %.1f years", e.Release, life)
		}
	}
}

// The rows are the facts they claim to be.
func TestBuiltinCalendarAgreesWithItsSource(t *testing.T) {
	raw, err := os.ReadFile("../../shared/data/eol/eol.json")
	if err != nil {
		t.Skip("SKIP: shared/data/eol/eol.json missing")
	}
	var data struct {
		Products map[string][]struct{ Release, EOL string }
	}
	if err := json.Unmarshal(raw, &data); err != nil {
		t.Fatal(err)
	}
	c := calendar(t)
	for product, ours := range map[string]string{"fedora": "fedora", "centos": "centos", "centos-stream": "centos-stream", "rhel": "el"} {
		if len(data.Products[product]) == 0 {
			t.Errorf("no %s in the data", product)
		}
		for _, row := range data.Products[product] {
			e, ok := c.Lookup(release(t, ours+"-"+row.Release))
			if !ok || e.EOL.Format(time.DateOnly) != row.EOL {
				t.Errorf("%s %s: %+v, want %s", product, row.Release, e, row.EOL)
			}
		}
	}
}

func TestCalendarLookup(t *testing.T) {
	c := calendar(t)
	for asked, row := range map[string]string{"fedora-25": "fedora-25", "el-7.9": "el-7", "el-7Server": "el-7", "centos-7.9.2009": "centos-7", "el-2.1": "el-2.1", "epel-10.0": "epel-10",
		"fedora-rawhide": "", "debian-7": "", "fedora-99": "", "el-2": ""} {
		if e, ok := c.Lookup(release(t, asked)); e.Release.String() != row || ok != (row != "") {
			t.Errorf("%s: %+v, %v", asked, e, ok)
		}
	}
}

func TestSupportEndsWithTheDay(t *testing.T) {
	e, _ := calendar(t).Lookup(release(t, "fedora-25")) // 2017-12-12
	for at, want := range map[string]bool{"2017-12-11T23:00:00Z": false, "2017-12-12T23:59:59Z": false, "2017-12-13T00:00:00Z": true, "2017-12-13T00:30:00+01:00": false, "2026-01-01T00:00:00Z": true} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if e.Ended(now) != want {
			t.Errorf("at %s ended: %v", at, !want)
		}
	}
}

func TestDue(t *testing.T) {
	c := calendar(t)
	has := func(due []mirror.Entry, r string) bool {
		return slices.ContainsFunc(due, func(e mirror.Entry) bool { return e.Release.String() == r })
	}
	now := day("2026-11-21")
	if due := c.Due(now, 0); !has(due, "fedora-42") || has(due, "fedora-43") || has(due, "el-9") || !has(due, "el-5") {
		t.Errorf("due now: %v", due)
	}
	due := c.Due(now, 30*24*time.Hour)
	if !has(due, "fedora-43") || has(due, "fedora-44") {
		t.Errorf("due within 30 days: %v", due)
	}
	if !slices.IsSortedFunc(due, func(a, b mirror.Entry) int { return a.EOL.Compare(b.EOL) }) {
		t.Error("not in order of their ends")
	}
}

func TestOverrides(t *testing.T) {
	c := calendar(t)
	mine, err := c.With([]mirror.Override{{Release: release(t, "fedora-25"), EOL: "2030-01-31"}, {Release: release(t, "el-5"), EOL: "never"}, {Release: release(t, "acme-1"), EOL: "2020-02-29"}})
	if err != nil {
		t.Fatal(err)
	}
	now := day("2026-11-21")
	for r, want := range map[string]bool{"fedora-25": false, "el-5": false, "acme-1": true, "fedora-24": true} {
		if e, ok := mine.Lookup(release(t, r)); !ok || e.Ended(now) != want {
			t.Errorf("%s: %+v, %v", r, e, ok)
		}
	}
	if e, _ := c.Lookup(release(t, "fedora-25")); !e.EOL.Equal(day("2017-12-12")) {
		t.Error("With changed the calendar it was called on")
	}
	for name, o := range map[string][]mirror.Override{
		"no such day": {{Release: release(t, "fedora-25"), EOL: "2021-02-29"}}, "empty": {{Release: release(t, "fedora-25")}},
		"no release": {{EOL: "never"}}, "twice": {{Release: release(t, "el-5"), EOL: "never"}, {Release: release(t, "el-5"), EOL: "never"}},
	} {
		if _, err := c.With(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestParseCalendarNamesTheLine(t *testing.T) {
	const header = "product,version,released,eol,source,checked\n"
	for in, want := range map[string]string{
		"":                                      "header",
		"a,b\n":                                 "header",
		header + "fedora,25,,x,s,\n":            "line 2: date",
		header + "# c\nfedora,25,,2017-12-12,,": "line 3: fedora-25 has no source",
		header + "fedora,25,2018-01-01,2017-12-12,s,": "ends before",
		header + "el,5,,,s,\nel,5,,,s,":               "line 3: el-5 is listed twice",
		header + "el,5-1,,,s,":                        "dash",
		header + "el,5\n":                             "wrong number of fields",
	} {
		if _, err := mirror.ParseCalendar(strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
}

func FuzzParseCalendar(f *testing.F) {
	f.Add("product,version,released,eol,source,checked\nfedora,25,2016-11-22,2017-12-12,s,\n")
	f.Fuzz(func(t *testing.T, in string) {
		c, err := mirror.ParseCalendar(strings.NewReader(in))
		if err != nil {
			return
		}
		for _, e := range c.Entries() {
			if got, ok := c.Lookup(e.Release); !ok || got != e {
				t.Fatalf("%+v is found as %+v", e, got)
			}
		}
	})
}
