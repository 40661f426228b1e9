package frontend

import (
	"hash/crc32"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"mirrorctl/copr"
	"mirrorctl/mirror"
)

// directory is a project's directory that a client named: the project itself, or its testing channel.
type directory struct {
	copr.Project
	channel copr.Channel
}

// name is how the directory is spelt: criu, criu:testing.
func (d directory) name() string {
	_, name, _ := strings.Cut(d.channel.Directory(d.Name), "/")
	return name
}

// directory finds what a request's {owner} or {group}, and {dir}, name.
func (f *Frontend) directory(r *http.Request) (directory, error) {
	owner := r.PathValue("owner")
	if group := r.PathValue("group"); group != "" {
		owner = "@" + group
	}
	return f.directoryOf(owner, r.PathValue("dir"))
}

func (f *Frontend) directoryOf(owner, dir string) (directory, error) {
	name, suffix, hasSuffix := strings.Cut(dir, ":")
	channel := copr.Stable
	if hasSuffix {
		channel = copr.Channel(suffix)
	}
	p, err := f.find(owner, name)
	if err != nil || hasSuffix && channel != copr.Testing {
		return directory{}, notFound("no such project")
	}
	return directory{p, channel}, nil
}

// find returns a declared project. One that is declared no more and still has trees, if only in the archive, can still be
// enabled: with the declaration's defaults.
func (f *Frontend) find(owner, name string) (copr.Project, error) {
	asked, err := copr.ParseProjectName(owner + "/" + name)
	if err != nil {
		return copr.Project{}, notFound("no such project")
	}
	projects := f.Hub.Projects()
	if i := slices.IndexFunc(projects, func(p copr.Project) bool { return p.Name == asked }); i >= 0 {
		return projects[i], nil
	}
	for _, ch := range []copr.Channel{copr.Stable, copr.Testing} {
		if len(f.trees(asked, ch)) > 0 {
			return copr.Project{Name: asked, ModuleHotfixes: true, RepoGPGCheck: true}, nil
		}
	}
	return copr.Project{}, notFound("no such project")
}

// chroots are those that a directory offers: the declared ones, and what is published, since an end of life ends builds and
// not the packages that there are.
func (f *Frontend) chroots(d directory) []copr.Chroot {
	all := slices.Concat(d.Chroots, f.trees(d.Name, d.channel))
	slices.SortFunc(all, copr.Chroot.Compare)
	return slices.Compact(all)
}

// trees are the chroots of a project that have a repository.
func (f *Frontend) trees(p copr.ProjectName, ch copr.Channel) []copr.Chroot {
	if f.Trees == nil {
		return nil
	}
	return f.published.of(f.Trees.Catalog())[ch.Directory(p)]
}

// memo is what a catalog says of the hub's trees, worked out once for each.
type memo struct {
	last atomic.Pointer[memorized]
}

type memorized struct {
	catalog *mirror.Catalog
	chroots map[string][]copr.Chroot // by directory: owner/name:testing
}

func (m *memo) of(c *mirror.Catalog) map[string][]copr.Chroot {
	if c == nil {
		return nil
	}
	if last := m.last.Load(); last != nil && last.catalog == c {
		return last.chroots
	}
	found := map[string][]copr.Chroot{}
	for _, status := range c.Releases() {
		for _, repo := range status.Repositories {
			rest, ok := strings.CutPrefix(string(repo.Dir), "results/")
			i := strings.LastIndexByte(rest, '/')
			if !ok || i < 0 {
				continue
			}
			if chroot, err := copr.ParseChroot(rest[i+1:]); err == nil {
				found[rest[:i]] = append(found[rest[:i]], chroot)
			}
		}
	}
	m.last.Store(&memorized{c, found})
	return found
}

// number is a project's id: COPR's clients want one and use it for nothing but a webhook's URL.
func number(p copr.ProjectName) uint32 { return crc32.ChecksumIEEE([]byte(p.String())) >> 1 }
