package mirror

import (
	"path"
	"slices"
)

// maxDirs bounds what one id may lead to: word lists multiply.
const maxDirs = 64

// Dirs lists the directories in which a repository of this id may lie, best rule first:
// the way back from Place. Legacy spellings (aliases) of the id are understood, any arch for
// a source repository, and versions such as 7Server, 7.9 and 10.1: first the
// directories of exactly that spelling, then those of the whole number.
func (l *Layout) Dirs(id RepoID) []Path {
	if len(id.Name) > 256 || len(id.Arch) > 32 {
		return nil
	}
	var dirs dirList
	for _, whole := range []bool{false, true} {
		for _, r := range l.rules {
			for i := range r.repos {
				r.dirsOf(&r.repos[i], id, whole, &dirs)
			}
		}
	}
	return dirs
}

// dirList is an ordered set; it stays small.
type dirList []Path

// add reports whether there is room for more.
func (d *dirList) add(p Path) bool {
	if len(*d) < maxDirs && !slices.Contains(*d, p) {
		*d = append(*d, p)
	}
	return len(*d) < maxDirs
}

// dirsOf adds the directories of one repository rule. With whole, versions are cut
// to their whole number, and a name without anything to cut adds nothing.
func (r *rule) dirsOf(repo *repoRule, id RepoID, whole bool, dirs *dirList) {
	for _, name := range repo.names {
		var matched binding
		if !name.match(id.Name, inName, &matched) || !repo.arch.match(id.Arch, inName, &matched) && !repo.answersFor(id.Arch) {
			continue
		}
		b := matched // escapes below; most names get no further than this
		if whole && !repo.cutVersions(&b) {
			continue
		}
		repo.eachWord(&b, 0, func() bool {
			return dirs.add(Path(path.Join(r.tree.expand(&b), repo.dir.expand(&b))))
		})
	}
}

// answersFor reports whether a source repository may stand in: its name says already that it is one, and
// clients ask for it with their own arch, or with the variable unexpanded.
func (repo *repoRule) answersFor(arch string) bool {
	return repo.source && (IsArch(arch) || arch == "src" || arch == "$basearch" || arch == "$arch")
}

func (repo *repoRule) cutVersions(b *binding) (cut bool) {
	for v := range repo.vars.count {
		if k := repo.vars.list[v].kind; !b.has(v) || k != version && k != major {
			continue
		}
		if whole := wholeNumber(b.values[v].name); whole != b.values[v].path {
			b.set(v, value{whole, whole})
			cut = true
		}
	}
	return cut
}

// eachWord calls visit with every choice of the word lists that the name left open, until it
// returns false.
func (repo *repoRule) eachWord(b *binding, v int, visit func() bool) bool {
	for ; v < repo.vars.count; v++ {
		if b.has(v) || repo.vars.list[v].kind != words {
			continue
		}
		defer b.clear(v)
		for _, w := range repo.vars.list[v].words {
			b.set(v, value(w))
			if !repo.eachWord(b, v+1, visit) {
				return false
			}
		}
		return true
	}
	return visit()
}
