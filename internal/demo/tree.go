package demo

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"time"

	"mirrorctl/repomd/index"
)

// planter fills the root with one flavor of one distribution.
type planter struct {
	*distribution
	flavor string
	root   string
	signer *signer
	repos  []content

	planted map[string]string // file name of a package → where it was first written
}

// plant writes all stages.
func (p *planter) plant(ctx context.Context) error {
	p.planted = map[string]string{}
	for _, s := range p.stages() {
		if err := p.stage(ctx, s); err != nil {
			return fmt.Errorf("make %s %s: %w", p.flavor, p.Release, err)
		}
	}
	// As on RPM Fusion, the release package also lies where a newcomer finds it.
	name := fmt.Sprintf("rpmfusion-%s-release-%s", p.flavor, p.Version)
	first, ok := p.planted[fmt.Sprintf("%s-1%s.noarch.rpm", name, p.dist)]
	if !ok {
		return fmt.Errorf("make %s %s: no %s", p.flavor, p.Release, name)
	}
	return os.Link(first, filepath.Join(p.root, p.flavor, p.Product, name+".noarch.rpm"))
}

func (p *planter) stage(ctx context.Context, s stage) error {
	f := &forge{distribution: p.distribution, stage: s, repos: p.repos}
	for i := range catalog {
		c := &catalog[i]
		if c.flavor != p.flavor || !f.inStage(c) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.component(f, c); err != nil {
			return err
		}
	}
	if p.era == era2008 {
		if err := p.file(path.Join(p.tree(s), "README"), []byte(oldReadme), p.when(s)); err != nil {
			return err
		}
	}
	return p.index(ctx, f)
}

// component writes the packages that one source package makes.
func (p *planter) component(f *forge, c *component) error {
	for _, arch := range p.arches {
		native := false
		for i := range c.binaries {
			b := &c.binaries[i]
			native = native || !b.kind.noarch()
			dir := path.Join(p.binaryDir(f.stage, arch), p.packagesDir(f.stage, c.name))
			if err := p.put(dir, f.binary(c, b, arch)); err != nil {
				return err
			}
		}
		if native {
			dir := path.Join(p.debugDir(f.stage, arch), p.packagesDir(f.stage, c.name))
			if err := p.put(dir, f.debuginfo(c, arch)); err != nil {
				return err
			}
		}
	}
	return p.put(path.Join(p.sourceDir(f.stage), p.packagesDir(f.stage, c.name)), f.source(c))
}

// put writes a package into a directory below the flavor. One that lies elsewhere already, as noarch packages and
// unchanged ones do, becomes one more name of the same file.
func (p *planter) put(dir string, pk *pkg) error {
	name := filepath.Join(p.root, p.flavor, filepath.FromSlash(dir), pk.fileName())
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if first, ok := p.planted[pk.fileName()]; ok {
		return os.Link(first, name)
	}
	data, err := pk.marshal(p.signer.at(pk.built))
	if err != nil {
		return err
	}
	p.planted[pk.fileName()] = name
	return writeAt(name, data, pk.built)
}

func (p *planter) file(name string, data []byte, when time.Time) error {
	return writeAt(filepath.Join(p.root, p.flavor, filepath.FromSlash(name)), data, when)
}

// writeAt writes a file and its time. It is not durable: the whole site is, before it is called whole.
func writeAt(name string, data []byte, when time.Time) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		return err
	}
	return os.Chtimes(name, when, when)
}

// index makes the repodata of a stage's repositories.
func (p *planter) index(ctx context.Context, f *forge) error {
	o := p.distribution.index
	o.Time = p.when(f.stage)
	o.Workers = 1 // distributions are made side by side
	o.Unsynced = true
	build := func(dir string, o index.Options) error {
		dir = filepath.Join(p.root, p.flavor, filepath.FromSlash(dir))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		_, err := index.Build(ctx, dir, o)
		return err
	}
	for _, arch := range p.arches {
		if err := build(p.debugDir(f.stage, arch), o); err != nil {
			return err
		}
		full := o
		full.Exclude = []string{"debug"} // lies inside, and is a repository of its own
		full.Groups = comps(f, p.flavor)
		if f.stage != released {
			full.Updateinfo = updateinfo(f, p.flavor, arch)
		}
		if err := build(p.binaryDir(f.stage, arch), full); err != nil {
			return err
		}
	}
	return build(p.sourceDir(f.stage), o)
}
