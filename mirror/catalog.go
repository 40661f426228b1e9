package mirror

// Catalog is everything that a request needs to know about releases and repositories,
// compiled from a layout, a state document and the index of the root. It is immutable.
type Catalog struct{}

// NewCatalog compiles a catalog. Repositories found in the root come from the index; those of
// releases that the root may have lost come from the document.
func NewCatalog(l *Layout, d *Document, found []Repository) *Catalog { panic("to be written") }

// Resolution is what a Catalog knows of one path.
type Resolution struct {
	Place
	Known bool // some tree of the layout holds the path
	State State
	Kind  Kind
}

// Resolve tells release, state, repository and kind of a path. No walk, no lock, no I/O.
func (c *Catalog) Resolve(p Path) Resolution { panic("to be written") }

// Lookup finds a repository by its repo= and arch=, after alias resolution; canonical is
// the id as the layout names it.
func (c *Catalog) Lookup(id RepoID) (repo Repository, state State, ok bool) { panic("to be written") }

// Repositories lists every repository that Lookup knows, sorted by id.
func (c *Catalog) Repositories() []Repository { panic("to be written") }

// ReleaseStatus is one line of the release table.
type ReleaseStatus struct {
	Release      Release
	State        State
	Record       *Record // nil where the document has none
	Trees        []Path
	Repositories []Repository
}

// Releases lists every release of the root and of the document, in order.
func (c *Catalog) Releases() []ReleaseStatus { panic("to be written") }

// Generation is that of the state document the catalog was made from.
func (c *Catalog) Generation() uint64 { panic("to be written") }
