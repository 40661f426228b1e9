package mirror

import (
	"fmt"
	"strings"
)

// rule is a Rule, compiled.
type rule struct {
	Rule
	vars    variables
	tree    pattern
	release template
	repos   []repoRule
}

// repoRule is a RepoRule, compiled.
type repoRule struct {
	vars   variables // those of the tree, and of dir
	dir    pattern
	names  []template // the canonical name, then its aliases
	arch   template
	source bool // arch is the word "source"
	list   pattern
}

func compileRule(r Rule) (*rule, error) {
	c := &rule{Rule: r}
	c.Tree = underAt(r.At, r.Tree)
	fail := func(what string, err error) (*rule, error) {
		return nil, fmt.Errorf("(tree %q): %s: %w", c.Tree, what, err)
	}
	var err error
	if c.tree, err = compilePattern(c.Tree, &c.vars); err != nil {
		return fail("tree", err)
	}
	if c.tree.empty() {
		return fail("tree", fmt.Errorf("is empty: the whole root cannot belong to one release"))
	}
	if c.release, err = compileTemplate(r.Release, &c.vars); err != nil {
		return fail("release", err)
	}
	if err := checkRelease(r.Release, c.release); err != nil {
		return fail("release", err)
	}
	inTree := c.vars.count
	for i, repo := range r.Repos {
		c.vars.count = inTree // each repository declares its own
		compiled, err := compileRepo(repo, r.At, &c.vars)
		if err != nil {
			return fail(fmt.Sprintf("repos[%d]", i+1), err)
		}
		c.repos = append(c.repos, compiled)
	}
	return c, nil
}

func checkRelease(text string, t template) error {
	b := binding{}
	for i := range maxVars {
		b.set(i, value{"1", "1"})
	}
	if _, err := ParseRelease(t.expand(&b, inName)); err != nil {
		return fmt.Errorf("%q: want product-version, such as fedora-{version}", text)
	}
	return nil
}

func compileRepo(r RepoRule, at string, vars *variables) (c repoRule, err error) {
	if r.Dir == "" {
		return c, fmt.Errorf("dir: is empty; \".\" is the tree itself")
	}
	if r.Dir != "." {
		if c.dir, err = compilePattern(r.Dir, vars); err != nil {
			return c, fmt.Errorf("dir: %w", err)
		}
	}
	if r.Arch == "" {
		r.Arch = "{arch}"
	}
	c.source = r.Arch == "source"
	if c.arch, err = compileTemplate(r.Arch, vars); err != nil {
		return c, fmt.Errorf("arch: %w", err)
	}
	for _, name := range append([]string{r.Name}, r.Aliases...) {
		t, err := compileTemplate(name, vars)
		if err != nil {
			return c, fmt.Errorf("name: %w", err)
		}
		for v := range vars.count {
			if vars.list[v].kind != words && !t.uses(v) && !c.arch.uses(v) {
				return c, fmt.Errorf("name: %q lacks {%s}: nothing would lead back to the directory", name, vars.list[v].name)
			}
		}
		c.names = append(c.names, t)
	}
	if r.List != "" {
		if c.list, err = compilePattern(underAt(at, r.List), vars); err != nil {
			return c, fmt.Errorf("list: %w", err)
		}
	}
	c.vars = *vars
	return c, nil
}

// releaseOf fills in the release; false where the values do not make one.
func (r *rule) releaseOf(b *binding) (Release, bool) {
	// The usual form, a word and a variable, costs no allocation.
	if t := r.release; len(t) == 2 && t[0].isLiteral() && !t[1].isLiteral() {
		if product, ok := strings.CutSuffix(t[0].literal, "-"); ok {
			if v := b.values[t[1].v].name; v != "" && plain(v) && !strings.Contains(v, "-") {
				return Release{Product: product, Version: v}, true
			}
		}
	}
	release, err := ParseRelease(r.release.expand(b, inName))
	return release, err == nil
}

// repoAt finds the repository that holds p, whose tree is its first end bytes. Where one
// lies in another (os and os/debug), the deeper one holds p.
func (r *rule) repoAt(p Path, end int, b *binding) (id RepoID, dir Path) {
	rest := strings.TrimPrefix(string(p[end:]), "/")
	offset := len(p) - len(rest)
	depth := -1
	var best *repoRule
	var bound binding
	for i := range r.repos {
		repo := &r.repos[i]
		if len(repo.dir) <= depth {
			continue
		}
		try := *b
		if n, ok := repo.dir.matchPrefix(rest, &try); ok {
			depth, best, bound = len(repo.dir), repo, try
			dir = p[:offset+n]
			if n == 0 {
				dir = p[:end]
			}
		}
	}
	if best == nil {
		return RepoID{}, ""
	}
	return RepoID{Name: best.names[0].expand(&bound, inName), Arch: best.arch.expand(&bound, inName)}, dir
}
