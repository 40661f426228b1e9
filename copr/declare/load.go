package declare

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mirrorctl/copr"
	"mirrorctl/internal/strict"
)

// Limits of a directory of declarations.
const (
	maxProjects = 10_000
	maxPackages = 10_000 // of one project
	maxChroots  = 1_000
	maxSources  = 100
)

// Load reads every *.yaml of a directory, in the order of their names. Files that a declaration names must be in the
// directory, and lead nowhere else.
func Load(dir string) ([]copr.Project, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("read declarations: %w", err)
	}
	defer root.Close()
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("read declarations: %w", err)
	}
	var all []copr.Project
	from := map[copr.ProjectName]string{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".yaml") || strings.HasPrefix(e.Name(), ".") || e.IsDir() {
			continue
		}
		file := filepath.Join(dir, e.Name())
		p, err := read(root, file, e.Name())
		if err != nil {
			return nil, err
		}
		if other, taken := from[p.Name]; taken {
			return nil, fmt.Errorf("%s: project %s is declared in %s already", file, p.Name, other)
		}
		from[p.Name] = file
		if all = append(all, p); len(all) > maxProjects {
			return nil, fmt.Errorf("%s: over %d projects", dir, maxProjects)
		}
	}
	return all, nil
}

func read(root *os.Root, file, name string) (copr.Project, error) {
	f, err := root.Open(name)
	if err != nil {
		return copr.Project{}, fmt.Errorf("read declarations: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, strict.MaxFile+1))
	if err != nil {
		return copr.Project{}, fmt.Errorf("read %s: %w", file, err)
	}
	p, err := Parse(file, raw)
	if err != nil {
		return copr.Project{}, err
	}
	for _, k := range p.Packages {
		names := append([]string{k.Spec}, k.Extra...)
		if k.Script != "" {
			names = append(names, k.Script)
		}
		for _, name := range names {
			info, err := root.Stat(filepath.FromSlash(name))
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return p, fmt.Errorf("%s: package %s: %q is not in %s", file, k.Name, name, filepath.Dir(file))
			case err != nil:
				return p, fmt.Errorf("%s: package %s: %w", file, k.Name, err)
			case !info.Mode().IsRegular():
				return p, fmt.Errorf("%s: package %s: %q is no regular file", file, k.Name, name)
			}
		}
	}
	return p, nil
}

// Parse reads one declaration; file is its name in errors. Whether the files that it names are there is not looked at.
func Parse(file string, raw []byte) (copr.Project, error) {
	var d declaration
	if err := strict.Decode(file, raw, &d); err != nil {
		return copr.Project{}, err
	}
	p, err := d.project()
	if err != nil {
		return copr.Project{}, fmt.Errorf("%s: %w", file, err)
	}
	for _, name := range d.Packages.order {
		declared := d.Packages.byName[name]
		k, err := declared.check(name, p.Chroots)
		if err != nil {
			return copr.Project{}, fmt.Errorf("%s:%d: package %s: %w", file, declared.line, name, err)
		}
		p.Packages = append(p.Packages, k)
	}
	return p, nil
}
