package docs

import (
	"slices"
	"strings"
	"testing"
)

const sample = "# First page\n" +
	"<!-- test: demo served -->\n" +
	"See [the other](how-to/other.md#a-heading), [this](#first-page) and `[not](this)`; [away](https://example.org/).\n" +
	"```sh needs=dnf exit=3\necho hello\n```\n" +
	"It says\n" +
	"```text\nhello\n```\n" +
	"```sh no-test: needs a moon\nrm -rf /\n```\n" +
	"```\nnot ``` a fence inside\n```\n"

func TestParse(t *testing.T) {
	p, err := parse("docs/a.md", sample)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.Setup, []string{"demo", "served"}) || !p.ids["first-page"] {
		t.Errorf("setup %q, headings %v", p.Setup, p.ids)
	}
	if len(p.Links) != 2 || p.Links[0].File != "docs/how-to/other.md" || p.Links[0].Fragment != "a-heading" || p.Links[1].File != "" {
		t.Errorf("links %+v", p.Links)
	}
	if len(p.Blocks) != 3 {
		t.Fatalf("%d blocks", len(p.Blocks))
	}
	b := p.Blocks[0]
	if b.Text != "echo hello\n" || b.value("exit") != "3" || b.value("needs") != "dnf" || b.Output == nil || b.Output.Text != "hello\n" || b.untested() != "" {
		t.Errorf("%+v", b)
	}
	if b := p.Blocks[1]; b.untested() != "needs a moon" || b.Output != nil {
		t.Errorf("%+v", b)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"a block without an end":     "```sh\n",
		"output of nothing":          "```text\nx\n```\n",
		"output behind a heading":    "```sh\ntrue\n```\n## Next\n```text\nx\n```\n",
		"output of another language": "```sh\ntrue\n```\n```yaml\na: 1\n```\n```text\nx\n```\n",
	} {
		if _, err := parse("a.md", text); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// The shell notes what fails, and where it stops.
func TestRunBlocks(t *testing.T) {
	p := &Page{File: "a.md"}
	w := newPlaces(t, p, "")
	sh := func(text string, info ...string) Block { return Block{Lang: "sh", Text: text, Info: info} }
	got := w.runBlocks(t, false, []Block{
		sh("x=1\ncd /\n"),
		sh("echo $x; pwd; false || true\n"),
		sh("(exit 5)\n", "exit=5"),
		sh("echo before; false; echo after\n"),
		sh("echo never\n"),
	})
	if len(got[0].failures) != 0 || got[1].output != "1\n/\n" || len(got[1].failures) != 0 {
		t.Errorf("one shell for all: %+v", got[:2])
	}
	if len(got[2].failures) != 1 || !strings.HasPrefix(got[2].failures[0], "5\t") {
		t.Errorf("an expected failure: %+v", got[2])
	}
	if got[3].output != "before\nafter\n" || len(got[3].failures) != 1 || got[4].ran {
		t.Errorf("a failure that nobody expects: %+v", got[3:])
	}
}
