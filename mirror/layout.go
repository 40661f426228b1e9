package mirror

import "errors"

// Rule maps one kind of tree to a release. Patterns are paths whose elements may hold
// variables: {version} matches digits and dots or "rawhide", {arch} an architecture,
// {name:a|b|c} one of the words. {version} ends the tree's own prefix in no other rule.
//
//	tree: "{flavor:free|nonfree}/fedora/updates/{version}"
//	release: "fedora-{version}"
//	repos:
//	  - {dir: "{arch}", name: "{flavor}-fedora-updates-released-{version}"}
//	  - {dir: "SRPMS", name: "{flavor}-fedora-updates-released-source-{version}", arch: source}
type Rule struct {
	Tree    string     `yaml:"tree" json:"tree"`
	Release string     `yaml:"release" json:"release"`
	Repos   []RepoRule `yaml:"repos" json:"repos"`
}

// RepoRule names the repositories of a tree.
type RepoRule struct {
	Dir  string `yaml:"dir" json:"dir"`             // relative to the tree
	Name string `yaml:"name" json:"name"`           // repo= of a mirrorlist request
	Arch string `yaml:"arch,omitempty" json:"arch"` // default "{arch}"
}

// Layout maps paths to releases and repositories, and back. It is immutable.
type Layout struct{}

// ErrUnknownTree says that no rule of the layout covers a path.
var ErrUnknownTree = errors.New("no tree of the layout holds this path")

// BuiltinLayout returns rpmfusion, fedora, epel, centos, copr or flat.
func BuiltinLayout(name string) (*Layout, error) { panic("to be written") }

// NewLayout compiles rules; the first rule that matches a path wins.
func NewLayout(rules []Rule) (*Layout, error) { panic("to be written") }

// Place says what p belongs to; ok is false where no rule's tree holds it.
// It allocates nothing but the strings it returns and uses no regular expression.
func (l *Layout) Place(p Path) (place Place, ok bool) { panic("to be written") }

// Dirs lists the directories in which a repository of this id may lie, best rule first:
// the way back from Place. Legacy spellings (aliases) of the id are understood.
func (l *Layout) Dirs(id RepoID) []Path { panic("to be written") }
