package strict_test

import (
	"strings"
	"testing"
	"time"

	"mirrorctl/internal/strict"
)

type inner struct {
	Colour string `yaml:"colour"`
}

type outer struct {
	Name  string           `yaml:"name"`
	Every strict.Duration  `yaml:"every"`
	Map   map[string]inner `yaml:"map"`
	List  []inner          `yaml:"list"`
}

func TestDecode(t *testing.T) {
	var v outer
	if err := strict.Decode("f", []byte("name: n\nevery: 1d12h\nmap: {a: {colour: red}}\nlist: [{colour: blue}]\n"), &v); err != nil {
		t.Fatal(err)
	}
	if v.Name != "n" || time.Duration(v.Every) != 36*time.Hour || v.Map["a"].Colour != "red" || v.List[0].Colour != "blue" {
		t.Errorf("%+v", v)
	}
	for in, want := range map[string]string{
		"map:\n  a: {color: red}\n": `f:2: unknown key "map.a.color"; did you mean "colour"?`,
		"list:\n- {colr: red}\n":    `f:2: unknown key "list.colr"; did you mean "colour"?`,
		"zzzzzzzzzz: 1\n":           `f:1: unknown key "zzzzzzzzzz"`,
		"map:\n  a: 3\n":            `f:2: `,
		"map: {a: {}, a: {}}\n":     `already defined`,
		"- a\n":                     `f:1: `,
	} {
		if err := strict.Decode("f", []byte(in), new(outer)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want one line with %q", in, err, want)
		}
	}
}

// A few lines of aliases that stand for a billion values end in an error, soon.
func TestAliasesAreBounded(t *testing.T) {
	bomb := "list:\n- &a {colour: x}\n- &b [" + strings.Repeat("*a,", 99) + "]\n- &c [" + strings.Repeat("*b,", 99) +
		"]\n- &d [" + strings.Repeat("*c,", 99) + "]\n- &e [" + strings.Repeat("*d,", 99) + "]\n- [" + strings.Repeat("*e,", 99) + "]\n"
	began := time.Now()
	err := strict.Decode("f", []byte(bomb), &struct {
		List [][][][][][]inner `yaml:"list"`
	}{})
	if err == nil || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}
