package declare

import (
	"go.yaml.in/yaml/v3"

	"mirrorctl/internal/strict"
)

// declaration is a file as it is written.
type declaration struct {
	Project        string             `yaml:"project"`
	Description    string             `yaml:"description"`
	Instructions   string             `yaml:"instructions"`
	Chroots        []string           `yaml:"chroots"`
	Packages       packages           `yaml:"packages"`
	Publish        publish            `yaml:"publish"`
	ModuleHotfixes *bool              `yaml:"module_hotfixes"`
	RepoGPGCheck   *bool              `yaml:"repo_gpgcheck"`
	Profiles       map[string]profile `yaml:"profiles"`
}

type publish struct {
	AllOrNothing bool            `yaml:"all_or_nothing"`
	Keep         *int            `yaml:"keep"`
	PromoteAfter strict.Duration `yaml:"promote_after"`
}

type profile struct {
	Macros      map[string]string `yaml:"macros"`
	GLIBC       string            `yaml:"glibc"`
	Compression string            `yaml:"compression"`
	Hash        string            `yaml:"hash"`
}

// packages keeps the order of the file, which is the order of every listing.
type packages struct {
	byName map[string]pkg
	order  []string
}

type pkg struct {
	Spec    string              `yaml:"spec"`
	Sources []source            `yaml:"sources"`
	Extra   []string            `yaml:"extra"`
	Version string              `yaml:"version"`
	Watch   watch               `yaml:"watch"`
	Gate    string              `yaml:"gate"`
	Script  string              `yaml:"script"`
	Allowed map[string][]string `yaml:"allowed"`
	Channel string              `yaml:"channel"`
	Twice   *bool               `yaml:"twice"`
	Timeout strict.Duration     `yaml:"timeout"`
	Exclude []exclude           `yaml:"exclude"`
	SetID   map[string]string   `yaml:"setuid"`

	line int
}

type source struct {
	URL    string `yaml:"url"`
	SHA256 string `yaml:"sha256"`
	Name   string `yaml:"name"`
}

type watch struct {
	GitHub    string          `yaml:"github"`
	Anitya    string          `yaml:"anitya"`
	Directory string          `yaml:"directory"`
	Pattern   string          `yaml:"pattern"`
	Every     strict.Duration `yaml:"every"`
}

type exclude struct {
	Chroots []string `yaml:"chroots"`
	Reason  string   `yaml:"reason"`
}

// UnmarshalYAML reads a mapping from names.
func (p *packages) UnmarshalYAML(n *yaml.Node) error {
	if err := n.Decode(&p.byName); err != nil {
		return err
	}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i].Value
		k, ok := p.byName[name]
		if !ok {
			continue // a merge key: what it brings has no place of its own
		}
		k.line = n.Content[i].Line
		p.byName[name] = k
		p.order = append(p.order, name)
	}
	return nil
}
