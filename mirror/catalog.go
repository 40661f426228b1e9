package mirror

import (
	"maps"
	"slices"
)

// Catalog is everything that a request needs to know about releases and repositories,
// compiled from a layout, a state document and the index of the root. It is immutable.
type Catalog struct {
	layout     *Layout
	doc        *Document
	dirs       map[Path]knownDir
	byID       map[RepoID]knownRepo
	releases   []ReleaseStatus
	repos      []Repository
	generation uint64
}

// knownDir is what stands at a directory: a tree, a repository, or both.
type knownDir struct {
	tree *knownTree
	repo *Repository
	rank rank // of repo
}

// rank says which of two repositories of one id is meant.
type rank uint8

const (
	remembered rank = iota + 1 // by the document alone, and not in the archive
	inRoot
	inArchive
)

// knownTree keeps what the layout found out about a tree, so that a path below it
// asks one rule and not all of them.
type knownTree struct {
	release Release
	path    Path
	state   State
	rule    *rule // nil where the layout does not make this tree: an older document's
	vars    binding
}

// knownRepo is what Lookup answers.
type knownRepo struct {
	repo  Repository
	state State
	rank  rank
}

// NewCatalog compiles a catalog. Repositories found in the root come from the index; those of
// releases that the root may have lost come from the document. trees are the directories of the
// root that the layout makes trees, with or without repositories; those of found are added.
// Where document and layout disagree on who owns a tree, the document is right: it says what lies in the archive.
func NewCatalog(l *Layout, d *Document, found []Repository, trees ...Path) *Catalog {
	c := &Catalog{layout: l, doc: d, dirs: map[Path]knownDir{}, byID: map[RepoID]knownRepo{}}
	if d != nil {
		c.generation = d.Generation
	}
	for _, p := range trees {
		c.addTree(p)
	}
	for _, repo := range found {
		c.addTree(repo.Dir)
		c.addRepo(repo, inRoot)
	}
	for _, r := range d.Sorted() {
		rec := d.Releases[r]
		if rec == nil {
			continue
		}
		rank := remembered
		if rec.State.FromArchive() {
			rank = inArchive
		}
		for _, p := range rec.Trees {
			c.addTreeOf(p, r)
		}
		for _, repo := range rec.Repositories {
			repo.Release = r
			c.addRepo(repo, rank)
		}
	}
	c.index()
	return c
}

// addTree adds the tree that holds p, if the layout knows one.
func (c *Catalog) addTree(p Path) {
	place, ok := c.layout.Place(p)
	if ok && c.dirs[place.Tree].tree == nil {
		c.addTreeOf(place.Tree, place.Release)
	}
}

func (c *Catalog) addTreeOf(p Path, release Release) {
	tree := &knownTree{release: release, path: p, state: c.doc.State(release)}
	if rule, vars, place, ok := c.layout.match(p); ok && place.Tree == p && place.Release == release {
		tree.rule, tree.vars = rule, vars
	}
	known := c.dirs[p]
	known.tree = tree
	c.dirs[p] = known
}

// addRepo adds a repository, unless one of higher rank stands there.
func (c *Catalog) addRepo(repo Repository, rank rank) {
	known := c.dirs[repo.Dir]
	if rank > known.rank {
		known.repo, known.rank = &repo, rank
		c.dirs[repo.Dir] = known
	}
}

// index makes the tables that answer Lookup, Repositories and Releases.
func (c *Catalog) index() {
	status := map[Release]*ReleaseStatus{}
	of := func(r Release) *ReleaseStatus {
		s := status[r]
		if s == nil {
			s = &ReleaseStatus{Release: r, State: c.doc.State(r)}
			if c.doc != nil {
				s.Record = c.doc.Releases[r]
			}
			status[r] = s
		}
		return s
	}
	for _, r := range c.doc.Sorted() {
		of(r)
	}
	for _, p := range slices.Sorted(maps.Keys(c.dirs)) {
		known := c.dirs[p]
		if known.tree != nil {
			s := of(known.tree.release)
			s.Trees = append(s.Trees, p)
		}
		if known.repo != nil && !known.repo.Release.IsZero() {
			s := of(known.repo.Release)
			s.Repositories = append(s.Repositories, *known.repo)
		}
		if known.repo != nil && known.repo.RepoID != (RepoID{}) {
			c.offer(knownRepo{*known.repo, c.doc.State(known.repo.Release), known.rank})
		}
	}
	for _, k := range c.byID {
		c.repos = append(c.repos, k.repo)
	}
	slices.SortFunc(c.repos, func(a, b Repository) int { return a.Compare(b.RepoID) })
	for _, r := range slices.SortedFunc(maps.Keys(status), Release.Compare) {
		c.releases = append(c.releases, *status[r])
	}
}

// offer enters a repository under its id. When several directories share one, as a branched and
// a released Fedora do for a while, rank decides, and then the layout's order of directories.
func (c *Catalog) offer(k knownRepo) {
	id := k.repo.RepoID
	taken, ok := c.byID[id]
	switch {
	case !ok || k.rank > taken.rank:
		c.byID[id] = k
	case k.rank == taken.rank:
		dirs := c.layout.Dirs(id)
		mine, other := slices.Index(dirs, k.repo.Dir), slices.Index(dirs, taken.repo.Dir)
		if mine >= 0 && (other < 0 || mine < other) {
			c.byID[id] = k
		}
	}
}

// Lookup finds a repository by its repo= and arch=, after alias resolution: RepoID of the result is
// the id as the layout names it. Aliases, any arch for a source repository, and versions such as 7Server or
// 10.1 are understood (see Layout.Dirs); letter case counts.
func (c *Catalog) Lookup(id RepoID) (repo Repository, state State, ok bool) {
	if k, ok := c.byID[id]; ok {
		return k.repo, k.state, true
	}
	for _, dir := range c.layout.Dirs(id) {
		known := c.dirs[dir]
		if known.repo == nil || known.repo.RepoID == (RepoID{}) {
			continue
		}
		if k := c.byID[known.repo.RepoID]; k.rank > known.rank {
			return k.repo, k.state, true
		}
		return *known.repo, c.doc.State(known.repo.Release), true
	}
	return Repository{}, "", false
}

// Repositories lists every repository that Lookup knows, sorted by id. The caller must not change it.
func (c *Catalog) Repositories() []Repository { return c.repos }

// ReleaseStatus is one line of the release table.
type ReleaseStatus struct {
	Release      Release
	State        State
	Record       *Record // nil where the document has none
	Trees        []Path  // sorted
	Repositories []Repository
}

// Releases lists every release of the root and of the document, in order. The caller must not change it.
func (c *Catalog) Releases() []ReleaseStatus { return c.releases }

// Generation is that of the state document the catalog was made from.
func (c *Catalog) Generation() uint64 { return c.generation }

// Layout is the layout the catalog was made from.
func (c *Catalog) Layout() *Layout { return c.layout }
