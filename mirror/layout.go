package mirror

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// Rule maps one kind of tree to a release, or includes a whole built-in layout.
//
//	layout:
//	  - tree: "{flavor:free|nonfree}/fedora/updates/{version}"
//	    release: "fedora-{version}"
//	    repos:
//	      - {dir: "{arch}", name: "{flavor}-fedora-updates-released-{version}"}
//	      - {dir: "SRPMS", name: "{flavor}-fedora-updates-released-source-{version}", arch: source}
//	  - {use: epel, at: pub}
//
// Patterns are text with variables. A variable is declared where it stands first, tree before dir:
//
//	{version}      digits and dots (42, 7.9.2009), or "rawhide"; 7Server is read as 7
//	{major}        the same, but read as its whole number: 7, 7.9, 7Server, 7Workstation are all 7
//	{arch}         an architecture, from a fixed list
//	{name:a|b|c}   one of these words; a word may be empty; "BaseOS=baseos" stands for BaseOS in
//	               paths and for baseos in names
//	{name}         letters, digits and "._+@-"; one to a path element at most
//
// A variable never matches a slash. Every variable of tree and dir must come back in the name or the
// arch, unless it is a list of words, so that a name leads back to its directories.
type Rule struct {
	Tree    string     `yaml:"tree,omitempty" json:"tree,omitempty"`
	Release string     `yaml:"release,omitempty" json:"release,omitempty"` // product-version, with the variables of Tree
	Repos   []RepoRule `yaml:"repos,omitempty" json:"repos,omitempty"`

	Use string `yaml:"use,omitempty" json:"use,omitempty"` // a built-in layout; excludes the three above
	At  string `yaml:"at,omitempty" json:"at,omitempty"`   // a directory to put before Tree, or before the trees of Use
}

// RepoRule names the repositories of a tree.
type RepoRule struct {
	Dir     string   `yaml:"dir" json:"dir"`                             // relative to the tree; "." is the tree itself
	Name    string   `yaml:"name" json:"name"`                           // repo= of a mirrorlist request
	Arch    string   `yaml:"arch,omitempty" json:"arch,omitempty"`       // default "{arch}"; source answers for every arch
	Aliases []string `yaml:"aliases,omitempty" json:"aliases,omitempty"` // other spellings of Name
	List    string   `yaml:"list,omitempty" json:"list,omitempty"`       // path of a static mirror list, see LegacyList
}

// Layout maps paths to releases and repositories, and back. It is immutable.
type Layout struct {
	rules []*rule
}

// ErrUnknownTree says that no rule of the layout covers a path.
var ErrUnknownTree = errors.New("no tree of the layout holds this path")

// NewLayout compiles rules; the first rule that matches a path wins. Errors name the rule, the
// pattern and what is wrong with it.
func NewLayout(rules []Rule) (*Layout, error) {
	l := &Layout{}
	for i, r := range rules {
		if err := l.add(r); err != nil {
			return nil, fmt.Errorf("layout rule %d: %w", i+1, err)
		}
	}
	if len(l.rules) == 0 {
		return nil, errors.New("layout: no rules")
	}
	return l, l.checkNesting()
}

// add compiles one rule, or those of the layout that it includes.
func (l *Layout) add(r Rule) error {
	if r.Use == "" {
		c, err := compileRule(r)
		if err != nil {
			return err
		}
		l.rules = append(l.rules, c)
		return nil
	}
	if r.Tree != "" || r.Release != "" || len(r.Repos) > 0 {
		return fmt.Errorf("use: %s: a rule that includes a layout has no tree, release or repos of its own", r.Use)
	}
	file, err := builtin(r.Use)
	if err != nil {
		return err
	}
	// An included layout stands where the configuration says, and nowhere else.
	at := file.At
	if r.At != "" {
		at = []string{r.At}
	}
	for _, dir := range at {
		for i, inner := range file.Rules {
			inner.At = dir
			if err := l.add(inner); err != nil {
				return fmt.Errorf("layout %s, rule %d: %w", r.Use, i+1, err)
			}
		}
	}
	return nil
}

// checkNesting refuses a tree that may lie inside another rule's tree. A tree covers everything
// below it, and archiving one release must not carry away another. The later rule cannot nest in
// an earlier one, since the earlier one wins for all paths below.
func (l *Layout) checkNesting() error {
	for j, outer := range l.rules {
		for i, inner := range l.rules[:j] {
			if inner.tree.mayLieIn(outer.tree) {
				return fmt.Errorf("layout rule %d (tree %q) lies inside the tree of rule %d (%q): a tree belongs to one release as a whole",
					i+1, inner.Tree, j+1, outer.Tree)
			}
		}
	}
	return nil
}

// Place says what p belongs to; ok is false where no rule's tree holds it.
// It allocates nothing but the strings it returns and uses no regular expression.
func (l *Layout) Place(p Path) (place Place, ok bool) {
	r, vars, place, ok := l.match(p)
	if ok {
		place.Repo, place.RepoDir = r.repoAt(p, len(place.Tree), &vars)
	}
	return place, ok
}

// match finds the rule whose tree holds p, and fills in release and tree.
func (l *Layout) match(p Path) (r *rule, vars binding, place Place, ok bool) {
	for _, r := range l.rules {
		var b binding
		end, ok := r.tree.matchPrefix(string(p), &b)
		if !ok {
			continue
		}
		if release, ok := r.releaseOf(&b); ok {
			return r, b, Place{Release: release, Tree: p[:end]}, true
		}
	}
	return nil, binding{}, Place{}, false
}

// LegacyList is a static file that the first generation of clients fetched in place of a mirror
// list. It serves all releases at once, so its body leaves the client's variables literal.
type LegacyList struct {
	Repo     RepoID // free-fedora-updates-released-$releasever, $basearch
	Template string // below the root, with a trailing slash: free/fedora/updates/$releasever/$basearch/
}

// LegacyList tells whether p is such a file and of which repositories. Fedora 8 to 10 ask for
// free/fedora/.mirrorlist-free-fedora-updates and its like.
func (l *Layout) LegacyList(p Path) (LegacyList, bool) {
	for _, r := range l.rules {
		for i := range r.repos {
			repo := &r.repos[i]
			var b binding
			if repo.list.empty() || !repo.list.matchAll(string(p), &b) {
				continue
			}
			repo.vars.literal(&b)
			return LegacyList{
				Repo:     RepoID{Name: repo.names[0].expand(&b, inName), Arch: repo.arch.expand(&b, inName)},
				Template: path.Join(r.tree.expand(&b), repo.dir.expand(&b)) + "/",
			}, true
		}
	}
	return LegacyList{}, false
}

// underAt puts the directory at before a pattern.
func underAt(at, pattern string) string {
	return strings.TrimPrefix(path.Join(at, pattern), "/")
}
