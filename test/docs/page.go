package docs

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Page is one Markdown file.
type Page struct {
	File   string // relative to the repository
	Setup  []string
	Blocks []Block
	Links  []Link
	text   string
	ids    map[string]bool // of headings
}

// Block is a fenced block.
type Block struct {
	Line int // of its fence
	Lang string
	Info []string // words of the info string after the language
	Text string
	// Output is what the page shows of what this block prints; nil where it shows nothing.
	Output *Block
}

// Link is a link to a file of the repository.
type Link struct {
	Line     int
	Target   string // as it was written
	File     string // relative to the repository; "" for the page itself
	Fragment string
}

// has reports whether a word stands in the info string.
func (b *Block) has(word string) bool {
	for _, w := range b.Info {
		if w == word {
			return true
		}
	}
	return false
}

// value is that of key= in the info string.
func (b *Block) value(key string) string {
	for _, w := range b.Info {
		if v, ok := strings.CutPrefix(w, key+"="); ok {
			return v
		}
	}
	return ""
}

// untested is why a block is not run; "" where it is.
func (b *Block) untested() string {
	_, why, _ := strings.Cut(strings.Join(b.Info, " "), "no-test:")
	return strings.TrimSpace(why)
}

// Pages reads all Markdown files below root.
func Pages(root string) ([]*Page, error) {
	var all []*Page
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "demo" || d.Name() == "bin"):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(name) != ".md":
			return nil
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		p, err := parse(rel, string(raw))
		all = append(all, p)
		return err
	})
	return all, err
}

var (
	setup   = regexp.MustCompile(`^<!-- test: (.*) -->$`)
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	code    = regexp.MustCompile("`[^`]*`")
	heading = regexp.MustCompile(`^#{1,6} +(.*)$`)
)

// parse reads a page.
func parse(file, text string) (*Page, error) {
	p := &Page{File: file, text: text, ids: map[string]bool{}}
	var open, shell *Block // the block that this line is in, and the last one that was run
	var body strings.Builder
	for i, line := range strings.Split(text, "\n") {
		fence, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && open == nil:
			words := append(strings.Fields(fence), "")
			open = &Block{Line: i + 1, Lang: words[0], Info: words[1:max(1, len(words)-1)]}
			body.Reset()
		case isFence:
			open.Text = body.String()
			switch open.Lang {
			case "sh":
				p.Blocks = append(p.Blocks, *open)
				shell = &p.Blocks[len(p.Blocks)-1]
			case "text":
				if shell == nil {
					return p, fmt.Errorf("%s:%d: output of no command; leave the language out where it is none", file, open.Line)
				}
				shell.Output, shell = open, nil
			default:
				p.Blocks, shell = append(p.Blocks, *open), nil
			}
			open = nil
		case open != nil:
			body.WriteString(line + "\n")
		default:
			p.prose(i+1, line)
			if strings.HasPrefix(line, "#") {
				shell = nil
			}
		}
	}
	if open != nil {
		return p, fmt.Errorf("%s:%d: the block does not end", file, open.Line)
	}
	return p, nil
}

// prose reads one line outside of blocks.
func (p *Page) prose(n int, line string) {
	if m := setup.FindStringSubmatch(line); m != nil {
		p.Setup = strings.Fields(m[1])
	}
	if m := heading.FindStringSubmatch(line); m != nil {
		p.ids[slug(m[1])] = true
	}
	for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(line, ""), -1) {
		if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
			continue
		}
		l := Link{Line: n, Target: m[1]}
		l.File, l.Fragment, _ = strings.Cut(m[1], "#")
		if l.File != "" {
			l.File = filepath.Join(filepath.Dir(p.File), l.File)
		}
		p.Links = append(p.Links, l)
	}
}

// slug is the id that forges give a heading.
func slug(heading string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(heading) {
		switch {
		case r == ' ' || r == '-':
			b.WriteByte('-')
		case r == '_' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r > 127 && r != '…' && r != '–':
			b.WriteRune(r)
		}
	}
	return b.String()
}
