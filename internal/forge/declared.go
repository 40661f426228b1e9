package forge

import (
	"maps"
	"path/filepath"

	"mirrorctl/copr"
	"mirrorctl/copr/declare"
	"mirrorctl/copr/fit"
	"mirrorctl/internal/config"
)

// DeclarationError says what is wrong with the declarations of projects.
type DeclarationError struct{ error }

func (e *DeclarationError) Unwrap() error { return e.error }

// Declared reads the declarations and completes the profile of every chroot: what a project declares stands over what is
// built in, key by key.
func Declared(cfg *config.Config) ([]copr.Project, error) {
	projects, err := declare.Load(cfg.Copr.Projects)
	if err != nil {
		return nil, &DeclarationError{err}
	}
	for i := range projects {
		located(cfg.Copr.Projects, projects[i].Packages)
		declared := projects[i].Profiles
		projects[i].Profiles = map[string]copr.Profile{}
		for _, c := range projects[i].Chroots {
			built, known := fit.Profile(c.Target())
			own, named := declared[c.Target()]
			if known || named {
				projects[i].Profiles[c.Target()] = over(built, own)
			}
		}
	}
	return projects, nil
}

// located makes the names of files whole, which are relative to the declarations.
func located(dir string, packages []copr.Package) {
	for i := range packages {
		k := &packages[i]
		k.Spec = filepath.Join(dir, k.Spec)
		if k.Script != "" {
			k.Script = filepath.Join(dir, k.Script)
		}
		if d := k.Watch.Directory; d != "" && !filepath.IsAbs(d) {
			k.Watch.Directory = filepath.Join(dir, d)
		}
		for n := range k.Extra {
			k.Extra[n] = filepath.Join(dir, k.Extra[n])
		}
	}
}

// over puts what own says in the place of what base does.
func over(base, own copr.Profile) copr.Profile {
	macros := maps.Clone(base.Macros)
	if macros == nil {
		macros = map[string]string{}
	}
	maps.Copy(macros, own.Macros)
	base.Macros = macros
	for _, f := range []struct {
		into *string
		text string
	}{{&base.GLIBC, own.GLIBC}, {&base.Compression, own.Compression}, {&base.Hash, own.Hash}} {
		if f.text != "" {
			*f.into = f.text
		}
	}
	return base
}
