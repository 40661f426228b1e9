package config_test

import (
	"strings"
	"testing"

	"mirrorctl/internal/config"
	"mirrorctl/mirror"
)

var el7 = mirror.Release{Product: "el", Version: "7"}

// One place changes; comments, spacing and order of all else stay.
func TestSetEOL(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"no list", "root: /r # trees\n", "root: /r # trees\n\nreleases:\n  - {release: el-7, eol: 2028-06-30}\n"},
		{"no last newline", "root: /r", "root: /r\n\nreleases:\n  - {release: el-7, eol: 2028-06-30}\n"},
		{"empty file", "", "\nreleases:\n  - {release: el-7, eol: 2028-06-30}\n"},
		{"new in a block", "releases:\n  # ours\n  - release: el-6\n    eol: never   # paid for\n\nroot: /r\n",
			"releases:\n  # ours\n  - release: el-6\n    eol: never   # paid for\n  - {release: el-7, eol: 2028-06-30}\n\nroot: /r\n"},
		{"block without indent, at the end", "releases:\n- {release: el-6, eol: never}", "releases:\n- {release: el-6, eol: never}\n- {release: el-7, eol: 2028-06-30}\n"},
		{"old in a block", "releases:\n  - release: el-7\n    eol: never   # paid for\n  - {release: el-6, eol: never}\n",
			"releases:\n  - release: el-7\n    eol: 2028-06-30   # paid for\n  - {release: el-6, eol: never}\n"},
		{"old and quoted", "releases: [{release: el-7, eol: \"2020-01-01\"}] # one\n", "releases: [{release: el-7, eol: 2028-06-30}] # one\n"},
		{"new in a line", "releases: [ {release: el-6, eol: never} ] # ]\n", "releases: [ {release: el-6, eol: never} , {release: el-7, eol: 2028-06-30}] # ]\n"},
		{"empty line", "releases: []\nroot: /r\n", "releases: [{release: el-7, eol: 2028-06-30}]\nroot: /r\n"},
		{"the same again", "releases:\n  - {release: el-7, eol: 2028-06-30}\n", "releases:\n  - {release: el-7, eol: 2028-06-30}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := config.SetEOL("m.yaml", []byte(c.in), el7, "2028-06-30")
			if err != nil || string(got) != c.want {
				t.Errorf("%v\ngot\n%s\nwant\n%s", err, got, c.want)
			}
		})
	}
}

// What cannot be edited safely is left alone, with the line to add by hand.
func TestSetEOLRefuses(t *testing.T) {
	for _, c := range []struct{ name, in, eol, want string }{
		{"alias", "x: &l []\nreleases: *l\n", "never", `unknown key "x"`},
		{"empty key", "root: /r\nreleases:\n", "never", "add `- {release: el-7, eol: never}` to it by hand"},
		{"list over lines", "releases: [\n  {release: el-6, eol: never},\n]\n", "never", "by hand"},
		{"all in one", "{root: /r}\n", "never", "by hand"},
		{"end of document", "root: /r\n...\n", "never", "by hand"},
		{"bad date", "root: /r\n", "2028-6-30", "want YYYY-MM-DD"},
		{"bad file", "rooot: /r\n", "never", `did you mean "root"?`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := config.SetEOL("m.yaml", []byte(c.in), el7, c.eol)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q\n%s", err, c.want, got)
			}
		})
	}
}

// Whatever the file is like, what comes back says what was asked for.
func FuzzSetEOL(f *testing.F) {
	f.Add(config.Template, "never")
	f.Add([]byte("releases: [{release: el-7, eol: never}]"), "2028-06-30")
	f.Add([]byte("releases:\n- release: el-7\n  eol: >-\n   never\n"), "2028-06-30")
	f.Fuzz(func(t *testing.T, in []byte, eol string) {
		out, err := config.SetEOL("m.yaml", in, el7, eol)
		if err != nil {
			return
		}
		c, err := config.Parse("m.yaml", out, none)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range c.Releases {
			if o.Release == el7 && o.EOL == eol {
				return
			}
		}
		t.Errorf("no el-7 in %+v", c.Releases)
	})
}
